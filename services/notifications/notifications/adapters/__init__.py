"""What speaks to the outside: words, letters, calendars, SMTP."""
