"""`python -m deploy.sbom` (`make sbom`): what is in here of others, with licences, as CycloneDX.

Versions come from the locks and from `compose.yaml`. Licences of Python packages are what the
installed ones say of themselves; one that is for another system is listed without.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
LOCKED = re.compile(r"(?m)^([A-Za-z0-9._-]+)==([^\s;\\]+)")
OF_A_CLASSIFIER = re.compile(r"License :: (?:OSI Approved :: )?(.+)")
LONGEST_NAME = 60  # some put the whole text where its name belongs

Component = dict[str, Any]


def components() -> list[Component]:
    """Everything, by kind and name."""
    return [*_python(), *_npm(), *_images()]


def _python() -> Iterator[Component]:
    for name, version in LOCKED.findall((ROOT / "requirements.lock").read_text("utf-8")):
        yield _component("library", name, version, f"pkg:pypi/{name}@{version}", _licence(name))


def _licence(name: str) -> str:
    try:
        told = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ""
    if expression := told.get_all("License-Expression"):
        return str(expression[0])
    words = OF_A_CLASSIFIER.findall("\n".join(told.get_all("Classifier") or []))
    said = [word for word in words if word != "OSI Approved"] or told.get_all("License") or [""]
    return " / ".join(said).splitlines()[0][:LONGEST_NAME]


def _npm() -> Iterator[Component]:
    for lock in sorted(ROOT.glob("services/*/package-lock.json")):
        for place, one in json.loads(lock.read_text("utf-8"))["packages"].items():
            if place:  # the first is our own
                name, version = place.removeprefix("node_modules/"), one["version"]
                purl = f"pkg:npm/{name.replace('@', '%40')}@{version}"
                yield _component("library", name, version, purl, one.get("license", ""))


def _images() -> Iterator[Component]:
    services = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))["services"]
    for image in sorted({one["image"] for one in services.values()}):
        name, _, version = image.partition(":")
        if not name.startswith("kommunalcampus/"):
            yield _component("container", name, version, f"pkg:docker/{name}@{version}", "")


def _component(kind: str, name: str, version: str, purl: str, licence: str) -> Component:
    found: Component = {
        "type": kind, "bom-ref": purl, "name": name, "version": version, "purl": purl
    }  # fmt: skip
    return found | ({"licenses": [{"license": {"name": licence}}]} if licence else {})


def document() -> dict[str, Any]:
    """The whole list."""
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "kommunalcampus"}},
        "components": components(),
    }


if __name__ == "__main__":
    print(json.dumps(document(), indent=1, ensure_ascii=False))
