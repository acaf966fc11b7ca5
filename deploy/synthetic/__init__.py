"""A booking every minute that nobody wants, so that operations know that bookings work."""
