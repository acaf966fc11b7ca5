"""The list of what is of others: whole, and with licences that everybody may pass on."""

import json
import re
from importlib.metadata import PackageNotFoundError, version

from deploy import sbom

REFUSED = re.compile(r"AGPL|Affero|SSPL|Server Side Public|BUSL|Business Source|Commons Clause")


def installed(name: str) -> bool:
    """Whether a package is for this system."""
    try:
        return bool(version(name))
    except PackageNotFoundError:
        return False


def test_everything_that_is_locked_is_listed_once() -> None:
    document = json.loads(json.dumps(sbom.document()))
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    refs = [one["bom-ref"] for one in document["components"]]
    assert len(refs) == len(set(refs))
    lock = (sbom.ROOT / "requirements.lock").read_text("utf-8")
    assert sum(ref.startswith("pkg:pypi/") for ref in refs) == len(re.findall(r"(?m)^\w", lock))
    assert "pkg:npm/%40kern-ux/native" in {ref.rpartition("@")[0] for ref in refs}
    assert {"apache/kafka", "postgres", "traefik"} <= {
        one["name"] for one in document["components"] if one["type"] == "container"
    }


def test_what_is_here_says_its_licence_and_none_is_refused() -> None:
    licences = {
        one["name"]: one["licenses"][0]["license"]["name"]
        for one in sbom.components()
        if "licenses" in one
    }
    silent = {one["name"] for one in sbom.components() if one["type"] == "library"} - set(licences)
    assert not [name for name in silent if installed(name)]
    assert licences["fastapi"] == "MIT"
    assert licences["certifi"] == "Mozilla Public License 2.0 (MPL 2.0)"
    assert [name for name, said in licences.items() if REFUSED.search(said)] == []


def test_a_licence_that_is_refused_would_be_seen() -> None:
    assert REFUSED.search("GNU Affero General Public License v3")
    assert REFUSED.search("AGPL-3.0-or-later")
    assert not REFUSED.search("MIT OR Apache-2.0")
