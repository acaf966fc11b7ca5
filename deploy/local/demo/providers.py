"""What providers do in the demo: send offers as events and read the verdicts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from deploy.local.settings import Settings

OFFERS = Path(__file__).with_name("offers.json")
VERDICT_SECONDS = 60


@dataclass(frozen=True)
class Submission:
    """One record on `provider.offers`."""

    key: str
    value: bytes
    id: str = field(default_factory=lambda: str(uuid4()))

    def record(self) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
        """Key, value and CloudEvents headers."""
        headers = {
            "ce_id": self.id,
            "ce_type": "provider.offer-submitted.v1",
            "ce_source": f"/providers/{self.key.partition('/')[0]}",
            "ce_specversion": "1.0",
            "ce_subject": self.key,
            "content-type": "application/json",
        }
        packed = [(name, text.encode()) for name, text in headers.items()]
        return self.key.encode(), self.value, packed


def from_file() -> list[Submission]:
    """The offers of the file, as its providers would send them."""
    return [_submission(entry) for entry in json.loads(OFFERS.read_text(encoding="utf-8"))]


def body_of(ref: str) -> dict[str, Any]:
    """The body of one offer of the file."""
    entries = json.loads(OFFERS.read_text(encoding="utf-8"))
    found = (e["body"] for e in entries if e.get("body", {}).get("offer_ref") == ref)
    return dict(next(found))


def _submission(entry: dict[str, Any]) -> Submission:
    if "raw" in entry:
        return Submission(entry["key"], entry["raw"].encode())
    body = entry["body"]
    key = entry.get("key") or f"{body['provider_id']}/{body['offer_ref']}"
    return Submission(key, json.dumps(body, ensure_ascii=False).encode())


def submit(settings: Settings, submissions: Sequence[Submission]) -> dict[str, dict[str, Any]]:
    """Send submissions and wait for the verdict on each: `ce_id` -> verdict with its `type`.

    Raises:
        TimeoutError: a verdict is missing.
    """
    return asyncio.run(_submit(settings.address("kafka"), submissions))


async def _submit(kafka: str, submissions: Sequence[Submission]) -> dict[str, dict[str, Any]]:
    listener = AIOKafkaConsumer("catalog.verdicts", bootstrap_servers=kafka)
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", enable_idempotence=True)
    await listener.start()
    await producer.start()
    try:
        for place in listener.assignment():
            await listener.position(place)  # the end: only verdicts from now on
        for submission in submissions:
            key, value, headers = submission.record()
            await producer.send_and_wait("provider.offers", value, key=key, headers=headers)
        async with asyncio.timeout(VERDICT_SECONDS):
            return await _verdicts(listener, {s.id for s in submissions})
    finally:
        await producer.stop()
        await listener.stop()


async def _verdicts(listener: AIOKafkaConsumer, awaited: set[str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    while awaited - found.keys():
        for records in (await listener.getmany(timeout_ms=200)).values():
            for record in records:
                body = json.loads(record.value)
                kind = dict(record.headers)["ce_type"].decode()
                found[body["submission_id"]] = {**body, "type": kind}
    return found
