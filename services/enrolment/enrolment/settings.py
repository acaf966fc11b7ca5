"""What this service is told by its environment."""

from chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """Nothing of its own: organisations set their rules over HTTP."""
