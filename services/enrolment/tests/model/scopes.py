"""The scopes that are searched: which story each tells."""

from dataclasses import replace

from services.enrolment.tests.builders import NOON, STARTS
from services.enrolment.tests.model.scope import (
    CITY,
    COUNTY,
    FIVE_DAYS_LEFT,
    HOLDS_OVER,
    LATER,
    NEWS,
    NEXT_DAY,
    STRANGERS,
    Kind,
    Scope,
)

BOOKED = Kind("booked", COUNTY)
ASKING = Kind("asking", COUNTY, coordinator=False)
FREE_HAND = Kind("free-hand", CITY, coordinator=False)
FOREIGN = Kind("foreign", STRANGERS)

SMALL = {
    scope.name: scope
    for scope in (
        Scope("line", (replace(BOOKED, count=3),), moments=(NOON, HOLDS_OVER)),
        Scope(
            "again",
            (replace(BOOKED, tries=2), FOREIGN),
            attempts=True,
            closed_to=("decline",),
        ),
        Scope("days", (BOOKED, FREE_HAND), moments=(NOON, NEXT_DAY)),
        Scope("dearer", (BOOKED, FOREIGN), news=("dearer",), news_limit=1, attempts=True),
        Scope(
            "news",
            (BOOKED, FOREIGN),
            news=("smaller", "larger", "withdrawn", "called-off", "moved"),
            news_limit=2,
            closed_to=("decline",),
        ),
        Scope(
            "late",
            (replace(BOOKED, count=2),),
            moments=(NOON, FIVE_DAYS_LEFT, STARTS, LATER),
            news=("longer-open", "moved"),
            news_limit=1,
        ),
        Scope("start", (BOOKED, FREE_HAND), moments=(NOON, FIVE_DAYS_LEFT, STARTS)),
        Scope("costs", (BOOKED, ASKING), moments=(NOON, FIVE_DAYS_LEFT), charged=True),
        Scope("approval", (BOOKED, ASKING), moments=(NOON, HOLDS_OVER), attempts=True),
        Scope("wires", (BOOKED,), moments=(NOON, NEXT_DAY), wires=True, watched=True, crashes=1),
    )
}
"""Each is searched to its end in seconds."""

TWO_ON_WIRES = Scope("two-on-wires", (replace(BOOKED, count=2),), wires=True, crashes=1)
"""Two people, one seat, one crash anywhere: 764,433 states, a minute and a half, 700 MB."""
CROWD = Scope(
    "crowd",
    (replace(BOOKED, count=4, tries=2), replace(ASKING, count=3), FREE_HAND, FOREIGN),
    capacity=2,
    runs=2,
    moments=(NOON, NEXT_DAY, HOLDS_OVER, FIVE_DAYS_LEFT, STARTS, LATER),
    news=(*NEWS, "withdrawn", "called-off"),
    news_limit=3,
    wires=True,
    watched=True,
    crashes=3,
    charged=True,
)
"""Too large to be seen whole: for random walks."""
LARGE = {**SMALL, TWO_ON_WIRES.name: TWO_ON_WIRES, CROWD.name: CROWD}
