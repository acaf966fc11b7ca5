"""What browsers get is put together from every file that there is for it."""

import re

import pytest
from portal import assets


@pytest.mark.parametrize(("ending", "joined"), [("css", assets.STYLES), ("js", assets.SCRIPTS)])
def test_no_file_is_left_out_and_none_is_joined_twice(ending: str, joined: tuple[str, ...]) -> None:
    assert sorted(joined) == sorted(path.name for path in assets.STATIC.glob(f"*.{ending}"))


def test_every_class_of_ours_that_has_a_style_stands_somewhere() -> None:
    styled = set(re.findall(r"\.(kc-[a-z0-9_-]+)", _all("*.css")))
    written = set(re.findall(r"kc-[a-z0-9_-]+", _all("*.js") + _all("*.html") + _all("*.py")))
    begun = tuple(name for name in written if name.endswith("--"))  # the rest is put in
    assert {name for name in styled - written if not name.startswith(begun)} == set()


def _all(pattern: str) -> str:
    found = sorted(assets.STATIC.parent.rglob(pattern))
    assert found
    return "".join(path.read_text("utf-8") for path in found)
