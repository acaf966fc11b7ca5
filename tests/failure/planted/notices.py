"""Notices that are missing, doubled, or go astray (I24 to I26)."""

from __future__ import annotations

from dataclasses import replace

from tests.failure.facts.model import Mail
from tests.failure.facts.told import BEN, NOTICES, event
from tests.failure.planted.changes import plus, with_row, with_rows
from tests.failure.planted.planting import plants

plants("I24", "nobody was told")(
    lambda f: with_rows(f, "notifications.notice", f.rows("notifications", "notice")[:1])
)
plants("I24", "told twice")(
    lambda f: plus(f, event("notifications.notice-sent.v1", NOTICES[0], "twice", offset=8))
)
plants("I25", "one mail too many")(lambda f: replace(f, mails=f.mails * 2))
plants("I25", "a mail to somebody else")(
    lambda f: with_row(f, "notifications.person", person_ref=BEN)
)
plants("I25", "a mail to an address that no person has")(
    lambda f: replace(f, mails=(replace(f.mails[0], to=("somebody@else.example",)),))
)
plants("I25", "a mail of nothing")(
    lambda f: replace(f, mails=(*f.mails, Mail("<x@y>", ("anna@kreis.example",))))
)
plants("I26", "sent for ever")(lambda f: with_row(f, "notifications.notice", state="sending"))
plants("I26", "given up too early")(
    lambda f: with_row(f, "notifications.notice", state="dead", reason="smtp-450")
)
