"""The routes below `/api/membership`."""

from membership.http import applications, members, organisations

ROUTERS = (organisations.router, applications.router, members.router)
