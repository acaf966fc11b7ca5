"""What the membership service is told: by its environment, and by its data files.

A rule file with a gap or an overlap stops the service here, before it answers anything.
"""

from importlib.resources import files

from chassis.settings import ServiceSettings

from membership.domain.rulebook import Rulebook, rulebook


class Settings(ServiceSettings):
    """Nothing of its own: tiers and articles are data files with dates of validity."""


def _text(name: str) -> str:
    return (files("membership.domain") / name).read_text(encoding="utf-8")


RULES: Rulebook = rulebook(_text("tiers.json"), _text("articles.json"))
