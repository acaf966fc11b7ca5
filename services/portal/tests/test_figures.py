"""What Prometheus answers, and what the page does when it does not."""

import httpx
import pytest
from portal.backend import Unavailable
from portal.figures import Figures, Series, largest


def prometheus(answer: httpx.Response) -> Figures:
    return Figures("http://prometheus", httpx.MockTransport(lambda _request: answer))


async def test_values_are_numbers_and_what_is_none_is_a_gap() -> None:
    values = [[1, "0.5"], [2, "NaN"], [3, "+Inf"], [4, "2"]]
    data = {"result": [{"metric": {"service": "catalog"}, "values": values}]}
    source = prometheus(httpx.Response(200, json={"status": "success", "data": data}))
    (series,) = await source.over("up", 1, 4, 1)
    assert series.points == [(1, 0.5), (4, 2)]
    assert series.last == 2


async def test_alerts_that_fire_come_by_urgency_then_by_age() -> None:
    def alert(name: str, severity: str, at: str, state: str = "firing") -> dict[str, object]:
        labels = {"alertname": name, "severity": severity}
        return {"labels": labels, "annotations": {}, "state": state, "activeAt": at}

    alerts = [
        alert("ticket", "ticket", "2027-01-15T08:00:00Z"),
        alert("pending", "page", "2027-01-15T07:00:00Z", "pending"),
        alert("later", "page", "2027-01-15T09:00:00Z"),
        alert("first", "page", "2027-01-15T08:30:00Z"),
    ]
    body = {"status": "success", "data": {"alerts": alerts}}
    found = await prometheus(httpx.Response(200, json=body)).alerts()
    assert [each["labels"]["alertname"] for each in found] == ["first", "later", "ticket"]


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(400, json={"status": "error", "error": "parse error"}),
        httpx.Response(502, text="bad gateway"),
        httpx.Response(200, json=[]),
    ],
)
async def test_what_prometheus_cannot_say_is_unavailable(answer: httpx.Response) -> None:
    with pytest.raises(Unavailable):
        await prometheus(answer).now("up")


def test_the_largest_is_found_among_those_that_have_a_value() -> None:
    small, large = Series({"service": "a"}, [(1, 1.0)]), Series({"service": "b"}, [(1, 5.0)])
    assert largest([small, Series({}, []), large]) is large
    assert largest([]).last is None
