"""The dashboard of the business. Synthetic bookings are in none of its figures."""

from deploy.grafana.model import Dashboard, Panel, Query, Row

BOOKINGS = Row(
    "Bookings",
    [
        Panel(
            "Confirmed in 24 hours",
            [Query("sum(kc:bookings_confirmed:increase1d)")],
            kind="stat",
            width=6,
            height=5,
        ),
        Panel(
            "Requested in 24 hours",
            [Query('kc:bookings:increase1d{step="requested"}')],
            kind="stat",
            width=6,
            height=5,
        ),
        Panel(
            "Called off in 24 hours",
            [Query('kc:bookings:increase1d{step="cancelled"}')],
            kind="stat",
            width=6,
            height=5,
        ),
        Panel(
            "Saved by membership in 24 hours",
            [Query("sum(increase(kc_saved_cents_total[1d])) / 100")],
            kind="stat",
            unit="currencyEUR",
            width=6,
            height=5,
        ),
        Panel(
            "What happened per hour",
            [Query("sum by (step) (increase(kc_bookings_total[1h]))", "{{step}}")],
            width=12,
        ),
        Panel(
            "Price kinds in 24 hours",
            [Query("kc:bookings_confirmed:increase1d", "{{price_kind}}")],
            kind="bargauge",
            width=6,
        ),
        Panel(
            "Booked in 24 hours",
            [
                Query(
                    "sum by (price_kind) (increase(kc_confirmed_cents_total[1d])) / 100",
                    "{{price_kind}}",
                )
            ],
            kind="bargauge",
            unit="currencyEUR",
            width=6,
        ),
        Panel(
            "Requests that wait for an approval",
            [
                Query('kc:approvals_waiting:max{late="no"}', "in time"),
                Query('kc:approvals_waiting:max{late="yes"}', "near the end of their time"),
            ],
            width=12,
        ),
        Panel(
            "Approvals near the end of their time",
            [Query("kc:approvals_late:ratio")],
            unit="percentunit",
            width=12,
            bad=0.25,
            about="Of the requests that wait: less than a quarter of the time is left.",
        ),
    ],
)

SEATS = Row(
    "Seats and lines",
    [
        Panel(
            "Seats filled",
            [Query("kc:seats_filled:ratio")],
            kind="stat",
            unit="percentunit",
            width=6,
            height=5,
            about="Of all runs to come that are on offer.",
        ),
        Panel(
            "People in lines",
            [Query('kc:seats:max{kind="waiting"}')],
            kind="stat",
            width=6,
            height=5,
        ),
        Panel("Runs with a line", [Query("max(kc_runs_with_line)")], "stat", width=6, height=5),
        Panel("Runs to come", [Query("max(kc_runs)")], "stat", width=6, height=5),
        Panel("Seats", [Query("kc:seats:max", "{{kind}}")], width=12),
        Panel("Offers", [Query("max(kc_offers)", "published")], width=12),
    ],
)

PROVIDERS = Row(
    "Providers",
    [
        Panel(
            "Verdicts in 24 hours",
            [Query("kc:verdicts_day:max", "{{provider}} {{verdict}}")],
            kind="bargauge",
            width=12,
        ),
        Panel(
            "Verdicts of the day before, as time passes",
            [Query("sum by (verdict) (kc:verdicts_day:max)", "{{verdict}}")],
            width=12,
        ),
    ],
)

DASHBOARD = Dashboard(
    uid="kc-business",
    title="KommunalCampus: business",
    about="Bookings, prices, seats, lines, providers. Synthetic bookings do not count.",
    rows=[BOOKINGS, SEATS, PROVIDERS],
    since="now-7d",
)
