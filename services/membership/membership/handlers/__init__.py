"""Load, decide, save, tell: the same lines for one command or event and for many."""
