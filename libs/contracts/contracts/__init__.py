"""What the services say to each other. Importing it registers every event type."""

from contracts import catalog, enrolment, membership, notifications, provider

__all__ = ["catalog", "enrolment", "membership", "notifications", "provider"]
