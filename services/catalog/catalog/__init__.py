"""The catalogue: it judges what providers submit, publishes offers and runs, and finds them."""
