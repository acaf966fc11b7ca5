"""The rules of the cooperative: pure, without I/O and without a clock."""
