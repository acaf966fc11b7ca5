"""The generated reference: OpenAPI and AsyncAPI of every service, written to `docs/api`.

The AsyncAPI document is made by FastStream from the very list of subscriptions that the service
runs with, and from the topics it owns.
"""

import json
import os
from collections.abc import Callable
from functools import reduce
from importlib import import_module
from operator import or_
from pathlib import Path
from typing import Any

from contracts.base import events_of
from contracts.topics import TOPICS, Topic
from faststream.kafka import KafkaBroker
from faststream.specification import AsyncAPI

from chassis.app import Service, create_app


def asyncapi_of(service: Service) -> str:
    """AsyncAPI 3.0 as JSON: what the service receives and sends."""
    broker = KafkaBroker()
    for subscription in service.subscriptions.all:
        hears = broker.subscriber(subscription.topic.name, title=subscription.topic.name)
        hears(_typed(subscription.topic))
    for topic in TOPICS:
        if topic.owner == service.name:
            broker.publisher(topic.name, schema=_union(topic), title=topic.name)
    specification = AsyncAPI(
        broker, title=f"KommunalCampus {service.name}", version="1", schema_version="3.0.0"
    )
    document = json.loads(specification.to_specification().to_json())
    document.pop("servers", None)  # an address of one machine
    for channel in document.get("channels", {}).values():
        channel.pop("servers", None)
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def openapi_of(service: Service) -> str:
    """OpenAPI as JSON."""
    document = create_app(service).openapi()
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _union(topic: Topic) -> Any:
    return reduce(or_, events_of(topic))


def _typed(topic: Topic) -> Callable[..., Any]:
    async def hear(event: Any) -> None: ...

    hear.__annotations__["event"] = _union(topic)
    return hear


def write(root: Path) -> list[str]:
    """Write the documents of every service of the checkout; their names."""
    folder = root / "docs" / "api"
    folder.mkdir(parents=True, exist_ok=True)
    for setting in ("KC_DATABASE_URL", "KC_ISSUER", "KC_JWKS_URL"):
        os.environ.setdefault(setting, "postgresql+asyncpg://nobody@127.0.0.1/nothing")
    # the portal hears nobody and has pages instead of an interface
    names = sorted(path.parent.name for path in root.glob("services/*/*/subscribers*"))
    for name in names:
        service: Service = import_module(f"{name}.app").build()
        (folder / f"{name}.openapi.json").write_text(openapi_of(service), encoding="utf-8")
        (folder / f"{name}.asyncapi.json").write_text(asyncapi_of(service), encoding="utf-8")
    return names


if __name__ == "__main__":
    print("written:", ", ".join(write(Path.cwd())))  # noqa: T201 - this is a command
