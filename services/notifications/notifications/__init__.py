"""Who is told what, when, and in which words. The only place with names and mail addresses."""
