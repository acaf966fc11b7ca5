"""The platform as clients, providers and operations see it: gateway, Kafka, mail sink, parts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from contracts.topics import TOPICS

from deploy.local.client import Client, until
from deploy.local.stack import Stack
from tests.failure.history import History

PROVIDER = "hochschule-rhein-neckar"
PARTITIONS = {t.name: t.partitions for t in TOPICS} | {t.dead: 1 for t in TOPICS}


@dataclass
class Platform:
    """One running copy."""

    stack: Stack
    history: History = field(default_factory=History, compare=False, repr=False)
    """What the clients of the failure tests asked, for the check at the end."""

    def as_user(self, name: str | None) -> Client:
        """A client with the token of a demo user."""
        return Client(self.stack.settings, name)

    # -- Kafka

    def publish(self, *bodies: dict[str, Any], ids: Sequence[str] = ()) -> list[str]:
        """Submit offers as a provider does; the ids of the submissions."""
        sent = list(ids) or [str(uuid4()) for _ in bodies]
        records = []
        for body, id_ in zip(bodies, sent, strict=True):
            key = f"{body['provider_id']}/{body['offer_ref']}"
            headers = {
                "ce_id": id_,
                "ce_type": "provider.offer-submitted.v1",
                "ce_source": f"/providers/{body['provider_id']}",
                "ce_specversion": "1.0",
                "ce_subject": key,
                "content-type": "application/json",
            }
            packed = [(name, value.encode()) for name, value in headers.items()]
            records.append(("provider.offers", key.encode(), json.dumps(body).encode(), packed))
        asyncio.run(self._send(records))
        return sent

    def send_raw(self, topic: str, key: str, value: bytes, headers: Any) -> None:
        """Put one record on a topic, whatever it is."""
        asyncio.run(self._send([(topic, key.encode(), value, headers)]))

    async def _send(self, records: Iterable[tuple[str, bytes, bytes, Any]]) -> None:
        address = self.stack.settings.address("kafka")
        producer = AIOKafkaProducer(bootstrap_servers=address, acks="all")
        try:
            await producer.start()
            for topic, key, value, headers in records:
                await producer.send_and_wait(topic, value, key=key, headers=headers)
        finally:
            await producer.stop()

    def read(self, *topics: str) -> list[ConsumerRecord]:
        """Every record that stands on these topics now."""
        return asyncio.run(self._read(topics))

    async def _read(self, topics: Sequence[str]) -> list[ConsumerRecord]:
        consumer = AIOKafkaConsumer(bootstrap_servers=self.stack.settings.address("kafka"))
        try:
            await consumer.start()
            places = [TopicPartition(name, n) for name in topics for n in range(PARTITIONS[name])]
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
            ends = await consumer.end_offsets(places)
            found: list[ConsumerRecord] = []
            for place in places:
                while await consumer.position(place) < ends[place]:
                    for records in (await consumer.getmany(place, timeout_ms=200)).values():
                        found += records
            return found
        finally:
            await consumer.stop()

    # -- what is seen from outside

    def a_run(self, capacity: int, **changes: Any) -> str:
        """Publish an offer with one run of so many seats and wait until it can be booked."""
        ref = f"T-{uuid4().hex[:8]}"
        self.publish(an_offer(ref, capacity, **changes))
        verdict = until(lambda: self.verdict(ref), 30, f"the verdict on {ref}")
        run_id = str(verdict["run_ids"]["a"])
        with self.as_user("anna.employee") as anna:
            path = f"/api/enrolment/runs/{run_id}/seats"
            until(lambda: anna.ask("GET", path).is_success, 30, f"run {run_id} at enrolment")
        return run_id

    def verdict(self, ref: str) -> dict[str, Any] | None:
        """The newest verdict on an offer of our provider, if there is one."""
        bodies = [json.loads(r.value) for r in self.read("catalog.verdicts")]
        mine = [body for body in bodies if body.get("offer_ref") == ref]
        return mine[-1] if mine else None

    def mails(self, to: str | None = None) -> list[dict[str, Any]]:
        """What the mail sink has accepted."""
        url = f"{self.stack.settings.url('mail')}/messages"
        found: list[dict[str, Any]] = httpx.get(url, timeout=20, trust_env=False).json()
        return [mail for mail in found if to is None or to in json.dumps(mail["to"])]


def an_offer(ref: str, capacity: int, **changes: Any) -> dict[str, Any]:
    """A good offer with one run, under the reference `a`."""
    run = {
        "run_ref": "a",
        "starts_at": "2027-04-05T07:00:00Z",
        "ends_at": "2027-04-05T14:00:00Z",
        "location": "Bensheim",
        "capacity": capacity,
        "min_participants": 1,
        "booking_closes_at": "2027-03-29T21:59:59Z",
        "cancellation_policy": [
            {"days_before": 14, "percent": 0},
            {"days_before": 0, "percent": 100},
        ],
    }
    return {
        "provider_id": PROVIDER,
        "offer_ref": ref,
        "title": f"Vergaberecht für Einsteiger {ref}",
        "description_html": "<p>Grundlagen <b>UVgO</b></p>",
        "language": "de",
        "format": "presence",
        "workload_hours": 6,
        "url": f"https://provider.example/{ref}",
        "keywords": ["Vergabe"],
        "skills": [{"framework": "DigComp", "version": "2.2", "code": "1.1", "level": 3}],
        "price": {"standard_cents": 44100, "member_cents": 35300},
        "runs": [{**run, **changes.pop("run", {})}],
        **changes,
    }
