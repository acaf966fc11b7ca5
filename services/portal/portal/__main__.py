"""`python -m portal` runs the web client."""

from portal.app import serve

serve()
