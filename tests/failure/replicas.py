"""What is to be seen of two replicas: their figures, their partitions, their relays."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import httpx
import psutil
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import KafkaError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.local.parts import answers
from deploy.local.ports import REPLICA_STEP, SERVICES
from tests.failure.facts import broker
from tests.failure.facts.collect import patiently
from tests.failure.facts.subscriptions import subscriptions
from tests.platform import Platform

FIGURE = re.compile(r"^(?P<name>[a-z_]+)\{(?P<labels>[^}]*)\} (?P<value>[0-9.e+]+)$", re.MULTILINE)
Place = tuple[str, int]
"""A topic and the number of a partition."""

RELAYS = text("""
    SELECT a.client_port, l.granted IS TRUE AS at_work
      FROM pg_stat_activity a
      LEFT JOIN pg_locks l ON l.pid = a.pid AND l.locktype = 'advisory'
     WHERE a.application_name = :name
""")


class Replicas:
    """Two processes of every service."""

    def __init__(self, platform: Platform) -> None:
        self.platform, self.stack = platform, platform.stack

    def names(self, service: str) -> tuple[str, str]:
        """The parts of a service."""
        return service, f"{service}-2"

    def url(self, part: str) -> str:
        """Where one replica listens."""
        service, _, number = part.partition("-")
        port = self.stack.settings.ports[service] + (REPLICA_STEP if number else 0)
        return f"http://127.0.0.1:{port}"

    def is_ready(self, part: str) -> bool:
        """Whether it does all its work."""
        return answers(f"{self.url(part)}/health/ready")

    def figure(self, part: str, name: str, labels: str = "") -> float:
        """The sum of a figure over all its labels that contain this text (health left out)."""
        shown = httpx.get(f"{self.url(part)}/metrics", timeout=30, trust_env=False).text
        return sum(
            float(found["value"])
            for found in FIGURE.finditer(shown)
            if found["name"] == name
            and labels in found["labels"]
            and "/health" not in found["labels"]
            and "/metrics" not in found["labels"]
        )

    def requests(self, part: str) -> float:
        """How many requests it has answered."""
        return self.figure(part, "kc_http_request_seconds_count")

    def records(self, part: str, topic: str = "") -> float:
        """How many records it has handled."""
        return self.figure(part, "kc_records_total", f'topic="{topic}"' if topic else "")

    def share_all(self) -> bool:
        """Whether in every consumer group both hold half of the partitions."""
        held = self.partitions()
        return bool(held) and all(shared_evenly(members) for members in held.values())

    def one_holds_all(self) -> bool:
        """Whether every consumer group has one member with all partitions."""
        held = self.partitions()
        return bool(held) and all(len(m) == 1 and m[0] for m in held.values())

    def is_alone(self, group: str) -> bool:
        """Whether a consumer group has one member left."""
        return len(self.partitions().get(group, ())) == 1

    def partitions(self) -> dict[str, list[set[Place]]]:
        """What each member of each group holds, the largest share first; nothing: ask again."""
        try:
            return asyncio.run(self._held())
        except KafkaError:  # a busy broker is not always there
            return {}

    async def _held(self) -> dict[str, list[set[Place]]]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.stack.settings.address("kafka"))
        await admin.start()
        try:
            listed = await admin.list_consumer_groups()
            names = [name for name, *_ in listed if name.split(".")[0] in SERVICES]
            described = []
            for name in names:  # one by one: aiokafka 0.14 cannot read an answer about several
                (answer,) = await admin.describe_consumer_groups([name])
                described += answer.to_object()["groups"]
        finally:
            await admin.close()
        return {
            group["group"]: sorted(
                (_assigned(member["member_assignment"]) for member in group["members"]),
                key=len,
                reverse=True,
            )
            for group in described
        }

    def behind(self, service: str) -> dict[Place, int]:
        """Where not everything is committed, and the end that each of these places has now."""
        return {place: end for place, (at, end) in self._reached(service).items() if at < end}

    def has_reached(self, service: str, ends: Mapping[Place, int]) -> bool:
        """Whether everything up to there is committed by now."""
        reached = self._reached(service)
        return all(reached[place][0] >= end for place, end in ends.items())

    def _reached(self, service: str) -> dict[Place, tuple[int, int]]:
        hears = tuple(one for one in subscriptions() if one.service == service)
        address = self.stack.settings.address("kafka")
        found = patiently(lambda: asyncio.run(broker.places(address, hears)))
        return {(one.topic, one.partition): (one.committed, one.end) for one in found}

    def relays(self, service: str) -> dict[str, bool]:
        """Which replicas' relays are connected, and whether each is the one at work."""
        rows = asyncio.run(self._relay_rows(service))
        return {self._owner(service, row.client_port): row.at_work for row in rows}

    async def _relay_rows(self, service: str) -> list[Any]:
        engine = create_async_engine(self.stack.database_url("postgres", admin=True))
        try:
            async with engine.connect() as connection:
                asked = await connection.execute(RELAYS, {"name": f"{service} relay"})
                return list(asked.all())
        finally:
            await engine.dispose()

    def _owner(self, service: str, port: int) -> str:
        """The replica to which a client port of the database belongs."""
        states = self.stack.states()
        for part in self.names(service):
            try:
                connections = psutil.Process(states[part].pid or -1).net_connections("tcp")
            except (psutil.Error, ValueError):
                continue
            if any(connection.laddr.port == port for connection in connections):
                return part
        return "gone"


def _assigned(packed: bytes) -> set[Place]:
    if not packed:
        return set()
    decoded = ConsumerProtocolMemberAssignment.decode(packed)
    return {(topic, number) for topic, numbers in decoded.assignment for number in numbers}


def shared_evenly(held: list[set[Place]]) -> bool:
    """Two members, each with half of the partitions of every topic, none with the other's."""
    if len(held) != 2 or held[0] & held[1]:
        return False
    one, other = (Counter(topic for topic, _ in mine) for mine in held)
    return all(other[topic] and abs(one[topic] - other[topic]) <= 1 for topic in one | other)
