"""How it goes: what fires, five figures, four charts, and every service.

Figures come from Prometheus where there is one. What the services say themselves is shown always.
All further panels of the dashboards: `measures.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from portal import charts, drawn, figures, formats, panels
from portal.backend import DOWN, Down, part
from portal.drawn import SPANS, Drawn, Frame
from portal.figures import Figures, Series
from portal.page import Page
from portal.pages import dead_letters, screen
from portal.pages.dead_letters import SERVICES
from portal.words import N_

HERE = "/betrieb"
ENOUGH = 0.999
"""What share of bookings has to go through over a longer time."""
CONFIRMED, BEHIND, OUTBOX = (
    "From request to confirmed",
    "Consumers behind",
    "Age of the outbox",
)
"""Panels of the dashboards that stand here, too. From their limit on a figure needs somebody."""

ALERTS = {
    "BookingsFailing": N_("Buchungen werden mit Fehlern beantwortet"),
    "BookingsStuck": N_("Reservierte Plätze bekommen keinen Preis"),
    "BookingsSlow": N_("Bestätigungen dauern lange"),
    "SyntheticBookingFailing": N_("Die Probebuchung jeder Minute gelingt nicht"),
    "PricesPending": N_("Buchungen warten auf eine Organisation, die nicht eingetragen ist"),
    "ApprovalsLate": N_("Über Anfragen entscheidet niemand, bald verfallen ihre Plätze"),
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


async def show(page: Page) -> Response:
    """The whole page; the script fetches its middle every ten seconds."""
    span = drawn.span_of(page)
    source: Figures | None = page.request.app.state.figures
    # that a service tells its number says that it works
    letters, seen = await asyncio.gather(
        asyncio.gather(*(part(dead_letters.count(page, name)) for name in SERVICES)),
        _seen(page, source, span) if source else _nothing(),
    )
    by_service = dict(zip(SERVICES, letters, strict=True))
    return await page.render(
        "operations/overview.html",
        span=span,
        spans=SPANS,
        link=partial(drawn.address, HERE, zeitraum=span),
        services=[_service(name, by_service.get(name), seen) for name in _names(seen)],
        dead=sum(each for each in letters if not isinstance(each, Down)),
        silent=[name for name, each in by_service.items() if isinstance(each, Down)],
        seen=seen,
        asked=source is not None,
        told=ALERTS,
        table=page.query.get("tabelle", ""),
        limits={
            "enough": ENOUGH,
            "slow": panels.find(CONFIRMED).limit,
            "behind": panels.find(BEHIND).limit,
            "old": panels.find(OUTBOX).limit,
        },
    )


async def _nothing() -> None:
    return None


# -- what Prometheus knows


async def _seen(page: Page, source: Figures, span: str) -> dict[str, Any] | None:
    """Everything, asked at once; what has no answer is missing alone, all of it is nothing."""
    frame, wide = drawn.frame_of(page, span), SPANS[span].wide
    shown = [panels.find(title) for title in (CONFIRMED, BEHIND, OUTBOX)]
    found, written, lines = await asyncio.gather(
        _all(_now(source, SPANS[span].seconds)),
        _all(_written(source, frame, wide)),
        asyncio.gather(*(drawn.ask(page, source, panel, frame) for panel in shown)),
    )
    if all(isinstance(each, Down) for each in (*found.values(), *written.values(), *lines)):
        return None
    known = {name: () if isinstance(each, Down) else each for name, each in found.items()}
    curves = [
        drawn.draw(page, panel, each, frame) for panel, each in zip(shown, lines, strict=True)
    ]
    return {
        "alerts": [_alert(each) for each in known["alerts"]],
        "unwatched": isinstance(found["alerts"], Down),
        "up": _by(known["up"], "job"),
        "all": _by(known["all"], "job"),
        "lag_by": _by(known["lag"], "service"),
        "outbox_by": _by(known["outbox"], "service"),
        "drawn": [*curves[:2], _columns(page, written, frame, wide), *curves[2:]],
        **{name: figures.largest(known[name]) for name in ("ratio", "confirmed", "lag", "outbox")},
    }


def _now(source: Figures, seconds: int) -> dict[str, Awaitable[Any]]:
    """Figures of now, or of the last seconds where one moment says little."""
    return {
        "alerts": source.alerts(),
        "ratio": source.now(
            f"1 - sum_over_time(kc:booking_failures:rate2m[{seconds}s])"
            f" / (sum_over_time(kc:booking_writes:rate2m[{seconds}s]) > 0)"
        ),
        # the newest that is one: while nobody books there is none
        "confirmed": source.now(
            f"last_over_time((kc:request_to_confirmed_seconds:p95_5m >= 0)[{seconds}s:60s])"
        ),
        "up": source.now("sum by (job) (up)"),
        "all": source.now("count by (job) (up)"),
        "lag": source.now("max by (service) (kc:consumer_lag_seconds:max)"),
        "outbox": source.now("kc:outbox_age_seconds:max"),
    }


def _written(source: Figures, frame: Frame, wide: int) -> dict[str, Awaitable[Any]]:
    """How many writes to bookings each column stands for."""
    return {
        name: source.over(
            f"sum_over_time(kc:booking_{name}:rate2m[{wide}s:60s]) * 60",
            frame.start + wide,
            frame.end,
            wide,
        )
        for name in ("writes", "failures")
    }


async def _all(asks: Mapping[str, Awaitable[Any]]) -> dict[str, Any]:
    """The answers by their names, `DOWN` where there is none."""
    answers = await asyncio.gather(*(part(each) for each in asks.values()))
    return dict(zip(asks, answers, strict=True))


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


def _columns(page: Page, found: Mapping[str, Any], frame: Frame, wide: int) -> Drawn:
    """Writes to bookings as columns, those that failed on top of them."""
    empty = Drawn("down", "buchungen", page.say(N_("Anfragen zum Buchen")), page.say(N_("Anzahl")))
    if any(isinstance(each, Down) for each in found.values()):
        return empty
    written, bad = (found[name][0].points if found[name] else () for name in ("writes", "failures"))
    failed = dict(bad)
    good = [(at, max(0.0, value - failed.get(at, 0.0))) for at, value in written]
    text = page.say(
        N_("%(all)s im gezeigten Zeitraum, davon %(failed)s gescheitert (rot)."),
        all=formats.number(round(sum(value for _, value in written)), page.lang),
        failed=formats.number(round(sum(failed.values())), page.lang),
    )
    return replace(
        empty,
        kind="lines",
        text=text if written else "",
        chart=charts.columns(good, bad, frame.start, frame.end, wide),
        heads=(page.say(N_("Gelungen")), page.say(N_("Gescheitert"))),
        rows=drawn.rows((good, [(at, failed.get(at, 0.0)) for at, _ in good]), page.lang),
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
    return [screen(HERE, show, roles=("ops",))]
