"""What browsers get is put together from every file that there is for it."""

import pytest
from portal import assets


@pytest.mark.parametrize(("ending", "joined"), [("css", assets.STYLES), ("js", assets.SCRIPTS)])
def test_no_file_is_left_out_and_none_is_joined_twice(ending: str, joined: tuple[str, ...]) -> None:
    assert sorted(joined) == sorted(path.name for path in assets.STATIC.glob(f"*.{ending}"))
