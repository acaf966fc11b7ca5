"""What speaks the formats of the outside world."""
