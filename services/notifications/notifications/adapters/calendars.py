"""Calendar entries (iCalendar, RFC 5545 and 5546).

Mails use METHOD:REQUEST, not PUBLISH: only a request with the same UID and a higher SEQUENCE
updates an entry by itself in Outlook, Apple and Google, and only a request can be called off with
CANCEL. The person is an attendee who already accepted, so no answer is asked for.

Times are written in UTC: they are instants, every calendar shows them in local time, and no
description of a time zone can be missing or old.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from icalendar import Alarm, Calendar, Event, vCalAddress, vText

from notifications.domain.course import Booking, Dossier, Run
from notifications.domain.person import Language
from notifications.domain.steps import CANCELLED, CONFIRMED, RESCHEDULED

PRODUCT = "-//KommunalCampus//notifications//DE"
NEXT_DAY = {"de": "Morgen: ", "en": "Tomorrow: "}


def method_for(dossier: Dossier) -> str | None:
    """Which kind of calendar object belongs to a notice; None: none.

    Only the person has the entry; a change or an end is told to a calendar that had it.
    """
    notice = dossier.notice
    if notice.audience != "person" or dossier.run is None:
        return None
    had_it = dossier.booking is not None and dossier.booking.was_confirmed
    match notice.kind:
        case kind if kind == CONFIRMED or (kind == RESCHEDULED and had_it):
            return "REQUEST"
        case kind if kind == CANCELLED and had_it:
            return "CANCEL"
    return None


def attachment(dossier: Dossier, organiser: str, url: str, language: Language) -> bytes | None:
    """The calendar object of a mail."""
    method, run, person = method_for(dossier), dossier.run, dossier.recipient
    if method is None or run is None or person is None or person.mail is None:
        return None
    notice = dossier.notice
    starts, ends = run.starts_at, run.ends_at
    if notice.kind == RESCHEDULED:
        starts = datetime.fromisoformat(notice.facts["starts_at"])
        ends = datetime.fromisoformat(notice.facts["ends_at"])
    event = _event(notice.about_id, run, (starts, ends), notice.sequence)
    event.add("dtstamp", notice.step_at.astimezone(UTC))
    event.add("url", url)
    event.add("status", "CANCELLED" if method == "CANCEL" else "CONFIRMED")
    event.add("organizer", vCalAddress(f"mailto:{organiser}"))
    attendee = vCalAddress(f"mailto:{person.mail}")
    attendee.params["PARTSTAT"] = vText("ACCEPTED")
    attendee.params["RSVP"] = vText("FALSE")
    event.add("attendee", attendee, encode=False)
    if method == "REQUEST":
        event.add_component(_alarm(run.title, language))
    calendar = _calendar()
    calendar.add("method", method)
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def feed(entries: Iterable[tuple[Booking, Run]], now: datetime, language: Language) -> bytes:
    """All confirmed dates of a person, to be subscribed to."""
    calendar = _calendar()
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", "KommunalCampus")
    for booking, run in entries:
        event = _event(booking.enrolment_id, run, (run.starts_at, run.ends_at), booking.sequence)
        event.add("dtstamp", now)
        event.add("status", "CONFIRMED")
        event.add_component(_alarm(run.title, language))
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _calendar() -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    return calendar


def _event(uid: UUID, run: Run, times: tuple[datetime, datetime], sequence: int) -> Event:
    event = Event()
    event.add("uid", str(uid))
    event.add("sequence", sequence)
    event.add("summary", run.title)
    event.add("dtstart", times[0].astimezone(UTC))
    event.add("dtend", times[1].astimezone(UTC))
    if run.location:
        event.add("location", run.location)
    # A course that is taken at any time must not block weeks in a calendar.
    event.add("transp", "TRANSPARENT" if run.format == "on_demand" else "OPAQUE")
    return event


def _alarm(title: str, language: Language) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", NEXT_DAY[language] + title)
    alarm.add("trigger", -timedelta(days=1))
    return alarm
