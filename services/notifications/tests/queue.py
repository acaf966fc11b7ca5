"""A database of its own with mails that wait, and nobody who sends them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

from chassis.database import Database
from chassis.migrations import migrate
from chassis.testing import Servers, new_database
from chassis.testing_issuer import Issuer
from notifications import handlers
from notifications.commands import PutContact
from notifications.settings import Settings

from .builders import COUNTY, RUN, confirmed, received, run_scheduled

VERSIONS = Path(__file__).parents[1] / "migrations" / "versions"


@asynccontextmanager
async def idle_database(servers: Servers, issuer: Issuer) -> AsyncIterator[Database]:
    """The database of a service that does not run."""
    async with new_database(servers) as url:
        await migrate(url, VERSIONS)
        settings = Settings(database_url=url, issuer=issuer.url, jwks_url=issuer.url)
        db = Database(settings, "test")
        try:
            yield db
        finally:
            await db.close()


async def queue_mails(db: Database, count: int) -> list[str]:
    """Seats of so many people are confirmed; their addresses."""
    people = [uuid4() for _ in range(count)]
    mails = [f"queued.{who.hex}@kreis.example" for who in people]
    contacts = [
        PutContact(who, COUNTY, True, "Anna", "Müller", mail)
        for who, mail in zip(people, mails, strict=True)
    ]
    steps = [
        received(confirmed(person_ref=who, booked_by_ref=who, enrolment_id=uuid4()))
        for who in people
    ]
    async with db.transaction() as tx:
        await handlers.put_contacts(tx, contacts)
        await handlers.hear_runs(tx, [received(run_scheduled(run_id=RUN))])
        await handlers.hear_steps(tx, steps)
    return mails
