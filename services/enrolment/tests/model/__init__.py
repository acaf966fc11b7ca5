"""A model of enrolment that drives the real handlers through every order of events of small scopes.

What decides is not rebuilt here: `handlers/`, `store/books.py` and `domain/` run as they are, on
tables in memory. What is rebuilt is what stands around them: relay, topics, consumers, the clock.
"""
