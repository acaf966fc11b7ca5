"""How it goes: what fires, five figures, four charts, and every service.

Figures come from Prometheus where there is one. What the services say themselves is shown always.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from portal import charts, figures, formats
from portal.backend import DOWN, Down, part
from portal.charts import Chart, Points
from portal.figures import Figures, Series
from portal.page import Page
from portal.pages import dead_letters, screen
from portal.pages.dead_letters import SERVICES
from portal.words import N_

HOUR = 3600
SPANS = {
    "": (HOUR, 60, 300, N_("1 Stunde")),
    "24h": (24 * HOUR, 900, 7200, N_("24 Stunden")),
    "7t": (7 * 24 * HOUR, 7200, 43200, N_("7 Tage")),
}
"""In seconds: how long, the distance of two points of a line, and of two columns."""

SLOW, OLD, BEHIND, ENOUGH = 10.0, 10.0, 60.0, 0.999
"""From where on a figure needs somebody: as in `deploy/prometheus/rules/alerts.yml`."""

ALERTS = {
    "BookingsFailing": N_("Buchungen werden mit Fehlern beantwortet"),
    "BookingsStuck": N_("Reservierte Plätze bekommen keinen Preis"),
    "BookingsSlow": N_("Bestätigungen dauern lange"),
    "SyntheticBookingFailing": N_("Die Probebuchung jeder Minute gelingt nicht"),
    "PricesPending": N_("Buchungen warten auf eine Organisation, die nicht eingetragen ist"),
    "NoticesNotSent": N_("Fällige E-Mails werden nicht verschickt"),
    "NoticesGivenUp": N_("E-Mails wurden endgültig aufgegeben"),
    "OutboxOld": N_("Ereignisse werden nicht weitergegeben"),
    "ConsumerLagging": N_("Die Verarbeitung hängt zurück"),
    "ConsumerFallingBehind": N_("Die Verarbeitung kommt nicht nach"),
    "ConsumerStalled": N_("Die Verarbeitung stand, obwohl etwas wartet"),
    "ConsumerPaused": N_("Ein Dienst wartet auf seine Datenbank"),
    "DeadLetters": N_("Nachrichten sind zurückgestellt"),
    "TargetDown": N_("Ein Prozess antwortet nicht"),
    "ServiceGone": N_("Von einem Dienst läuft kein Prozess"),
    "ServiceRestarting": N_("Ein Dienst startet immer wieder neu"),
    "RequestsFailing": N_("Anfragen werden mit Fehlern beantwortet"),
    "RequestsShed": N_("Anfragen werden abgewiesen, weil es zu viele sind"),
    "PoolExhausted": N_("Ein Dienst wartet auf Verbindungen zur Datenbank"),
}


@dataclass(frozen=True)
class Drawn:
    """A chart with its words, and its values for the table."""

    name: str
    title: str
    text: str
    unit: str
    chart: Chart | None
    heads: tuple[str, ...]
    rows: list[tuple[datetime, list[float | None]]]


async def show(page: Page) -> Response:
    """The whole page; the script fetches its middle every ten seconds."""
    span = page.query.get("zeitraum", "")
    span = span if span in SPANS else ""
    source: Figures | None = page.request.app.state.figures
    # that a service tells its number says that it works
    letters, seen = await asyncio.gather(
        asyncio.gather(*(part(dead_letters.count(page, name)) for name in SERVICES)),
        part(_seen(page, source, span)) if source else _nothing(),
    )
    by_service = dict(zip(SERVICES, letters, strict=True))
    known = seen if seen and not isinstance(seen, Down) else None
    return await page.render(
        "operations/overview.html",
        span=span,
        spans=SPANS,
        services=[_service(name, by_service.get(name), known) for name in _names(known)],
        dead=sum(each for each in letters if not isinstance(each, Down)),
        silent=[name for name, each in by_service.items() if isinstance(each, Down)],
        seen=known,
        asked=source is not None,
        told=ALERTS,
        table=page.query.get("tabelle", ""),
        limits={"slow": SLOW, "old": OLD, "behind": BEHIND, "enough": ENOUGH},
    )


async def _nothing() -> None:
    return None


# -- what Prometheus knows


async def _seen(page: Page, source: Figures, span: str) -> dict[str, Any]:
    seconds, step, wide, _ = SPANS[span]
    end = page.now.timestamp() // 10 * 10
    start = end - seconds
    succeeded = (
        f"1 - sum_over_time(kc:booking_failures:rate2m[{seconds}s])"
        f" / (sum_over_time(kc:booking_writes:rate2m[{seconds}s]) > 0)"
    )
    found = await _all(
        {
            "alerts": source.alerts(),
            "ratio": source.now(succeeded),
            "up": source.now("sum by (job) (up)"),
            "all": source.now("count by (job) (up)"),
            "lag": source.now("max by (service) (kc:consumer_lag_seconds:max)"),
            "outbox": source.now("kc:outbox_age_seconds:max"),
        }
    )
    curves = await _all(
        {name: source.over(each, start, end, step) for name, each in CURVES.items()}
    )
    counted = await _all(
        {
            name: source.over(each % {"step": wide}, start + wide, end, wide)
            for name, each in COUNTED.items()
        }
    )
    points = {name: _one(series) for name, series in (curves | counted).items()}
    return {
        "alerts": [_alert(each) for each in found["alerts"]],
        "ratio": figures.largest(found["ratio"]),
        "confirmed": points["p95"][-1][1] if points["p95"] else None,
        "outbox": figures.largest(found["outbox"]),
        "lag": figures.largest(found["lag"]),
        "up": _by(found["up"], "job"),
        "all": _by(found["all"], "job"),
        "lag_by": _by(found["lag"], "service"),
        "outbox_by": _by(found["outbox"], "service"),
        "drawn": _drawn(page, points, (start, end, wide)),
    }


async def _all(asks: Mapping[str, Awaitable[Any]]) -> dict[str, Any]:
    """The answers by their names."""
    answers = await asyncio.gather(*asks.values())
    return dict(zip(asks, answers, strict=True))


CURVES = {
    "p95": "kc:request_to_confirmed_seconds:p95_5m",
    "p50": "kc:request_to_confirmed_seconds:p50_5m",
    "lag": "max(kc:consumer_lag_seconds:max)",
    "outbox": "max(kc:outbox_age_seconds:max)",
}
COUNTED = {
    "written": "sum_over_time(kc:booking_writes:rate2m[%(step)ds:60s]) * 60",
    "failed": "sum_over_time(kc:booking_failures:rate2m[%(step)ds:60s]) * 60",
}


def _one(series: Sequence[Series]) -> Points:
    return series[0].points if series else ()


def _by(series: Sequence[Series], label: str) -> dict[str, float]:
    return {each.labels.get(label, ""): each.last for each in series if each.last is not None}


def _alert(each: Mapping[str, Any]) -> dict[str, Any]:
    labels, notes = each["labels"], each["annotations"]
    return {
        "name": labels.get("alertname", ""),
        "kind": "danger" if labels.get("severity") == "page" else "warning",
        "where": ", ".join(labels[name] for name in ("service", "topic", "job") if name in labels),
        "since": each["activeAt"],
        "summary": notes.get("summary", ""),
        "runbook": notes.get("runbook", ""),
    }


def _drawn(page: Page, points: Mapping[str, Points], frame: tuple[float, ...]) -> list[Drawn]:
    start, end, wide = frame
    return [
        _curve(page, "bestaetigung", N_("Anfrage bis Bestätigung"), points["p95"],
               charts.lines(points["p95"], start, end, second=points["p50"], goal=SLOW),
               points["p50"]),
        _curve(page, "rueckstand", N_("Rückstand der Verarbeitung"), points["lag"],
               charts.lines(points["lag"], start, end, goal=BEHIND)),
        _columns(page, points, (start, end, wide)),
        _curve(page, "ausgang", N_("Älteste Nachricht im Ausgang"), points["outbox"],
               charts.lines(points["outbox"], start, end, goal=OLD)),
    ]  # fmt: skip


def _curve(
    page: Page, name: str, title: str, points: Points, chart: Chart | None, second: Points = ()
) -> Drawn:
    text = ""
    if points:
        at, most = max(points, key=lambda point: point[1])
        text = page.say(
            N_("Höchster Wert %(value)s s (%(time)s).") if most else N_("Durchgehend 0 s."),
            value=formats.decimal(most, page.lang),
            time=formats.short_moment(_at(at).isoformat(), page.lang),
        )
    heads = (N_("95 von 100"), N_("Median")) if second else (N_("Sekunden"),)
    also = dict(second)
    every = max(1, len(points) // 12)
    rows: list[tuple[datetime, list[float | None]]] = [
        (_at(at), [value, also.get(at)][: len(heads)]) for at, value in points[::every]
    ]
    return Drawn(name, title, text, N_("Sekunden"), chart, heads, rows)


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, formats.BERLIN)


def _columns(page: Page, bars: Mapping[str, Points], frame: tuple[float, ...]) -> Drawn:
    start, end, wide = frame
    failed = dict(bars["failed"])
    text = page.say(
        N_("%(all)s im gezeigten Zeitraum, davon %(failed)s gescheitert (rot)."),
        all=formats.number(round(sum(value for _, value in bars["written"])), page.lang),
        failed=formats.number(round(sum(failed.values())), page.lang),
    )
    good = [(at, max(0.0, value - failed.get(at, 0.0))) for at, value in bars["written"]]
    rows: list[tuple[datetime, list[float | None]]] = [
        (_at(at), [value, failed.get(at, 0.0)]) for at, value in good
    ]
    return Drawn(
        "buchungen",
        N_("Anfragen zum Buchen"),
        text,
        N_("Anzahl"),
        charts.columns(good, bars["failed"], start, end, wide),
        (N_("Gelungen"), N_("Gescheitert")),
        rows,
    )


# -- the table of services


def _names(seen: Mapping[str, Any] | None) -> list[str]:
    others = [name for name in (seen["all"] if seen else ()) if name not in SERVICES]
    return [*SERVICES, *sorted(others)]


def _service(name: str, letters: Any, seen: Mapping[str, Any] | None) -> dict[str, Any]:
    up, all_ = (seen["up"].get(name), seen["all"].get(name)) if seen else (None, None)
    answers = letters is not DOWN if letters is not None else bool(up)
    return {
        "name": name,
        "answers": answers,
        "partly": bool(all_ and up is not None and up < all_),
        "up": up,
        "all": all_,
        "lag": seen["lag_by"].get(name) if seen else None,
        "outbox": seen["outbox_by"].get(name) if seen else None,
        "dead": letters if isinstance(letters, int) else None,
    }


def routes() -> list[BaseRoute]:
    """The address."""
    return [screen("/betrieb", show, roles=("ops",))]
