"""The public form of every event: JSON Schemas beside this package, and `docs/topics.md`.

`python -m contracts.schemas --write` generates both from the classes, `--check` (the default) says
what differs. An incompatible change to a committed schema is never written: see `compatibility`.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from contracts import reference
from contracts.base import EVENTS, Event
from contracts.compatibility import breaks

HOME = Path(__file__).resolve().parents[1]
SCHEMAS = HOME / "schemas"
EXAMPLES = HOME / "examples"
TOPICS_PAGE = HOME.parents[1] / "docs" / "topics.md"

Schema = dict[str, Any]


class _Plain(GenerateJsonSchema):
    """Without the titles that pydantic makes up from names."""

    schema_dialect = "https://json-schema.org/draft/2020-12/schema"

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        return False


def schema_of(event: type[Event]) -> Schema:
    """The JSON Schema (2020-12) of the value of a record; `x-topic` and `x-key` say where."""
    generated = event.model_json_schema(schema_generator=_Plain)
    for part in (generated, *generated.get("$defs", {}).values()):
        part.pop("title", None)
    return {
        "$schema": _Plain.schema_dialect,
        "$id": f"urn:kommunalcampus:event:{event.type}",
        "title": event.type,
        "x-topic": event.topic.name,
        "x-key": "/".join(event.key_fields),
        **generated,
    }


def committed(folder: Path = SCHEMAS) -> dict[str, Schema]:
    """The committed JSON files of a folder (schemas or examples) by event type."""
    return {
        path.name.removesuffix(".json"): json.loads(path.read_text("utf-8"))
        for path in sorted(folder.glob("*.json"))
    }


def broken_promises(folder: Path = SCHEMAS) -> list[str]:
    """What the classes break of the committed schemas; empty when every change is compatible."""
    now = {name: schema_of(event) for name, event in EVENTS.items()}
    found = []
    for name, old in committed(folder).items():
        if name in now:
            found += [f"{name}: {line}" for line in breaks(old, now[name])]
        else:
            found.append(f"{name}: the event type was removed")
    return found


def wanted() -> dict[Path, str]:
    """Every generated file with the text that it should have."""
    files = {
        SCHEMAS / f"{name}.json": json.dumps(schema_of(event), ensure_ascii=False, indent=2) + "\n"
        for name, event in sorted(EVENTS.items())
    }
    return files | {TOPICS_PAGE: reference.page()}


def stale() -> list[Path]:
    """Generated files that differ from what the classes say, or are missing."""
    return [
        path
        for path, words in wanted().items()
        if not path.exists() or path.read_text("utf-8") != words
    ]


def main(arguments: list[str] | None = None) -> int:
    """Check or write; 1 when something is to be done by a person."""
    parser = argparse.ArgumentParser(prog="python -m contracts.schemas", description=__doc__)
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument("--check", action="store_true", help="say what differs (default)")
    modes.add_argument("--write", action="store_true", help="generate schemas and docs/topics.md")
    chosen = parser.parse_args(arguments)
    if promises := broken_promises():
        sys.stderr.write("\n".join(["Incompatible; declare a new version (.v2):", *promises, ""]))
        return 1
    old = stale()
    if chosen.write:
        for path in old:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted()[path], "utf-8")
        sys.stdout.write(f"{len(old)} of {len(wanted())} generated files written.\n")
    elif old:
        names = [path.name for path in old]
        sys.stderr.write("\n".join(["Out of date, run `make specs`:", *names, ""]))
        return 1
    return 0


if __name__ == "__main__":
    import contracts  # noqa: F401 - importing it declares every event

    raise SystemExit(main())
