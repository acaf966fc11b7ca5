"""One enrolment as a calendar entry (RFC 5545)."""

from datetime import datetime

from icalendar import Calendar, Event

from enrolment.domain.enrolment import ENDED, Enrolment, State
from enrolment.domain.run import Run


def entry(enrolment: Enrolment, run: Run, now: datetime) -> bytes:
    """A calendar with one entry. Its UID is the enrolment's id, as in our mails."""
    event = Event()
    event.add("uid", str(enrolment.id))
    event.add("sequence", enrolment.version)
    event.add("dtstamp", now)
    event.add("dtstart", run.starts_at)
    event.add("dtend", run.ends_at)
    event.add("summary", run.title)
    if run.location:
        event.add("location", run.location)
    # A course that is taken at any time must not block weeks in a calendar.
    event.add("transp", "TRANSPARENT" if run.on_demand else "OPAQUE")
    if enrolment.state in ENDED:
        event.add("status", "CANCELLED")
    else:
        event.add("status", "CONFIRMED" if enrolment.state is State.CONFIRMED else "TENTATIVE")
    calendar = Calendar()
    calendar.add("prodid", "-//KommunalCampus//enrolment//DE")
    calendar.add("version", "2.0")
    calendar.add_component(event)
    return bytes(calendar.to_ical())
