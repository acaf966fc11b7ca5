"""The routes of the catalogue."""

from catalog.http import bridge, imports, offers, submissions

ROUTERS = [offers.router, submissions.router, imports.router, bridge.router]
