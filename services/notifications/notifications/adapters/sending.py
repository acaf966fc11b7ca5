"""Sends what is queued: claim, write, hand over, mark. No transaction is open while SMTP speaks.

A claim is a lease in the row. Every mail is marked, and its event told, in one transaction right
after the server took it; marks of several workers share a commit. Whoever dies in between leaves a
lease that ends: the mail goes out once more, with the same Message-ID.
"""

import asyncio
import contextlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from chassis.database import Database, is_outage, is_passing
from contracts.base import Event
from prometheus_client import Counter

from notifications.adapters.letters import letter
from notifications.adapters.smtp import MailServer
from notifications.domain.course import Dossier
from notifications.domain.person import Channel
from notifications.domain.retry import Answer
from notifications.settings import Settings
from notifications.store import dossiers, notices
from notifications.store.notices import Claimed, Settled

log = structlog.get_logger(__name__)

MAILS = Counter("kc_mails_total", "Tries to send a mail, by how they ended", ["state"])
for _state in ("sent", "queued", "dead"):
    MAILS.labels(_state)

NO_ADDRESS = Answer("sent", "no-address")
UNWRITTEN = Answer("later", "not-written")


@dataclass(eq=False)
class Outcome:
    """How one mail ended, and whether that is written down."""

    claimed: Claimed
    settled: Settled
    event: Event | None
    written: bool = False


@dataclass(frozen=True)
class Claim:
    """Notices that one worker has to send before its lease ends, with what their words need."""

    notices: Sequence[Claimed]
    files: Sequence[Dossier]
    leased_until: datetime


@dataclass
class Marks:
    """Outcomes on their way into the database: whoever comes first writes them for all."""

    db: Database
    waiting: list[Outcome] = field(default_factory=list)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def write(self, *outcomes: Outcome) -> None:
        """Return when these are written. An outage of the database is waited out."""
        self.waiting += outcomes
        pause = 0.1
        while True:
            async with self.lock:
                if all(outcome.written for outcome in outcomes):
                    return  # somebody else wrote them with theirs
                try:
                    await self._write_all()
                except Exception as error:
                    if not (is_outage(error) or is_passing(error)):
                        raise
                    log.warning("marks not written yet", error=type(error).__name__)
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, 2.0)

    async def _write_all(self) -> None:
        group, self.waiting = self.waiting, []
        if not group:
            return
        try:
            async with self.db.transaction() as tx:
                ours = await notices.settle(tx, [outcome.settled for outcome in group])
                told = [o.event for o in group if o.event and o.settled.notice_id in ours]
                await tx.emit(*told)
        except BaseException:
            self.waiting = group + self.waiting
            raise
        for outcome in group:
            outcome.written = True


class PostOffice:
    """The workers that send mails."""

    STOP_SECONDS = 5.0
    """How long a mail that is being handed over may take to end when the service stops."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self._db, self._settings = db, settings
        self._wake = db.bell(notices.QUEUED)
        self._claiming = asyncio.Lock()  # one worker looks for mails, the others send or wait
        self._marks = Marks(db)
        self._stopping = False

    async def run(self) -> None:
        """Send until cancelled; a mail that is being handed over then is finished and marked."""
        workers = [asyncio.create_task(self._work()) for _ in range(self._settings.mail_workers)]
        try:
            await asyncio.wait(workers)
        finally:
            self._stopping = True
            self._wake.set()
            _, late = await asyncio.wait(workers, timeout=self.STOP_SECONDS)
            for worker in late:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self) -> None:
        server = MailServer(self._settings)
        first, longest = (
            self._settings.mail_outage_seconds,
            self._settings.mail_outage_longest_seconds,
        )
        pause = first
        while not self._stopping:
            try:
                reached = await self._send(server, await self._claim())
            except Exception as error:  # noqa: BLE001 - whatever it is, the others' mails go on
                log.warning("sending stumbled", error=type(error).__name__)
                reached = False
            if reached is False:
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
                pause = min(pause * 2, longest)
            else:
                pause = first
        await server.close()

    async def _claim(self) -> Claim:
        """Take what is due; without anything due wait until somebody rings, or for a while."""
        lease = timedelta(seconds=self._settings.mail_lease_seconds)
        async with self._claiming:
            self._wake.clear()
            async with self._db.transaction() as tx:
                leased_until = tx.now + lease
                claimed = await notices.claim(tx, self._settings.mail_batch, leased_until)
                files = await dossiers.dossiers(tx, [one.notice for one in claimed])
            if not claimed and not self._stopping:
                # Not `wait_for`: that of Python 3.11 can swallow a cancellation.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._settings.mail_poll_seconds):
                        await self._wake.wait()
        return Claim(claimed, files, leased_until)

    async def _send(self, server: MailServer, claim: Claim) -> bool:
        """Send what was claimed; False when the mail server cannot be spoken to."""
        # One mail may take as long as the server may be silent at each of its few words.
        lease = timedelta(seconds=self._settings.mail_lease_seconds)
        margin = min(timedelta(seconds=self._settings.smtp_timeout_seconds * 1.5), lease / 2)
        claimed = claim.notices
        for index, (one, dossier) in enumerate(zip(claimed, claim.files, strict=True)):
            if self._stopping or self._db.clock() > claim.leased_until - margin:
                await self._give_back(claimed[index:])
                return True
            answer = await self._hand_over(server, dossier)
            if answer.verdict == "outage":
                log.warning("mail server not there", reason=answer.reason, waiting=len(claimed))
                await self._give_back(claimed[index:])
                return False
            await self._marks.write(self._outcome(one, answer))
        return True

    async def _hand_over(self, server: MailServer, dossier: Dossier) -> Answer:
        try:
            mail = letter(dossier, self._settings.sender, self._db.clock())
        except Exception as error:  # noqa: BLE001 - one mail that cannot be written stops no other
            # No traceback: its variables are names and addresses.
            log.error("mail not written", kind=dossier.notice.kind, error=type(error).__name__)
            return UNWRITTEN
        return NO_ADDRESS if mail is None else await server.hand_over(mail)

    async def _give_back(self, claimed: Sequence[Claimed]) -> None:
        now = self._db.clock()
        outcomes = [
            Outcome(one, Settled(one.notice.notice_id, one.claim, "queued", "mail", now), None)
            for one in claimed
        ]
        await self._marks.write(*outcomes)

    def _outcome(self, one: Claimed, answer: Answer) -> Outcome:
        now, notice = self._db.clock(), one.notice
        channel: Channel = "portal" if answer is NO_ADDRESS else "mail"
        tries = one.attempts + 1
        retry = self._settings.retry
        event: Event | None = None
        if answer.verdict == "sent":
            state, due_at, event = "sent", now, notice.told(channel, now)
        elif answer.verdict == "later" and tries < retry.attempts:
            due_at = retry.due_at(now, tries, random.random())  # noqa: S311 - jitter
            state = "queued"
        else:
            state, due_at, event = "dead", now, notice.failed(answer.reason, now)
        MAILS.labels(state).inc()
        if state == "dead":
            log.error("mail given up", notice_id=str(notice.notice_id), reason=answer.reason)
        settled = Settled(
            notice_id=notice.notice_id,
            claim=one.claim,
            state=state,
            channel=channel,
            due_at=due_at,
            sent_at=now if state == "sent" else None,
            tried=1,
            reason=answer.reason or None,
        )
        return Outcome(one, settled, event)


async def send_mails(db: Database, settings: Settings) -> None:
    """Background work of the service: send mails until it is cancelled."""
    await PostOffice(db, settings).run()
