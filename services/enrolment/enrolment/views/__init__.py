"""What clients see (`shapes`), and the queries behind it (`reading`)."""
