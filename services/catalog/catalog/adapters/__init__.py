"""What speaks to the outside world."""
