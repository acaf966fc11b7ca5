"""Notices and mails (I24 to I26)."""

from __future__ import annotations

from collections import Counter
from uuid import UUID, uuid5

from tests.failure.facts.model import Facts, Record, Row, moment
from tests.failure.invariants.violation import Found

TOLD = (
    "enrolment.seat-confirmed.v1",
    "enrolment.seat-waitlisted.v1",
    "enrolment.seat-offered.v1",
    "enrolment.approval-requested.v1",
    "enrolment.enrolment-rejected.v1",
    "enrolment.enrolment-cancelled.v1",
    "enrolment.enrolment-expired.v1",
    "enrolment.enrolment-rescheduled.v1",
    "enrolment.bulk-settled.v1",
)
SENT = "notifications.notice-sent.v1"
FAILED = "notifications.notice-failed.v1"
ATTEMPTS = 12  # of a mail that is put off (services/notifications/README.md)


def _recipients(event: Record) -> set[str]:
    """Who has to be told. What the list of a bulk call covers is told to the person alone."""
    body = event.body
    people = [body.get("person_ref")]
    if event.type == "enrolment.bulk-settled.v1" or not body.get("bulk_id"):
        people.append(body.get("booked_by_ref"))
    return {str(who) for who in people if who}


def i24(facts: Facts) -> Found:
    """Each step, for each recipient, is one notice, which comes to an end that is told once."""
    if "notifications" not in facts.tables:
        return
    notices = facts.rows("notifications", "notice")
    rows = Counter((row["cause_id"], row["recipient_ref"]) for row in notices)
    aside = {row["message_id"] for row in facts.rows("notifications", "dead_letter")}
    for event in facts.told(*TOLD):
        for who in _recipients(event):
            count = rows[event.id, who]
            if count != 1 and event.id not in aside:
                yield event.id, f"{count} notices to {who} about {event.type}"
    told = Counter(event.body["notice_id"] for event in facts.told(SENT, FAILED))
    for row in notices:
        done = row["state"] in ("sent", "dead")
        if told[row["notice_id"]] != (1 if done else 0):
            count = told[row["notice_id"]]
            yield row["notice_id"], f"is {row['state']}, and {count} times told to be over"


def i25(facts: Facts) -> Found:
    """A mail is of one notice and goes to its recipient; copies are no more than tries."""
    rows = {_message_key(row): row for row in facts.rows("notifications", "notice")}
    homes = {(row["mail"], row["person_ref"]) for row in facts.rows("notifications", "person")}
    copies: Counter[str] = Counter()
    for mail in facts.mails:
        key = mail.message_id.strip("<>").partition("@")[0]
        row = rows.get(key)
        if row is None:
            yield mail.message_id, "is a mail of no notice"
            continue
        copies[key] += 1
        if len(mail.to) != 1 or (mail.to[0], row["recipient_ref"]) not in homes:
            yield mail.message_id, "went to somebody else"
    for key, row in rows.items():
        if copies[key] > max(1, row["claim"]):
            yield row["notice_id"], f"{copies[key]} copies after {row['claim']} tries"
        by_mail = row["state"] == "sent" and row["channel"] == "mail"
        if by_mail and facts.mails and not copies[key]:
            yield row["notice_id"], "is sent by mail, which no server took"


def _message_key(row: Row) -> str:
    return str(uuid5(UUID(row["cause_id"]), f"{row['recipient_ref']}/{row['texts']}"))


def i26(facts: Facts) -> Found:
    """Nothing stays in the sending; what was given up says why, after all its tries."""
    for row in facts.rows("notifications", "notice"):
        if row["state"] == "sending" and moment(row["due_at"]) < facts.taken_at:
            yield row["notice_id"], "is still being sent, its lease is over"
        if row["state"] == "dead":
            reason = row["reason"] or ""
            if not reason:
                yield row["notice_id"], "was given up without a reason"
            elif not reason.startswith("smtp-5") and row["attempts"] < ATTEMPTS:
                yield row["notice_id"], f"was given up after {row['attempts']} tries ({reason})"
