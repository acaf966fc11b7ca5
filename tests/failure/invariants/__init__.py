"""What must hold after any run, by the numbers of reliability page 2: facts in, violations out."""
