"""The dashboard of operations: what people notice, then why."""

from deploy.grafana.model import Dashboard, Panel, Query, Row

NOTICED = Row(
    "What people notice",
    [
        Panel(
            "Bookings that go through",
            [Query("kc:booking_success:ratio_rate2m")],
            kind="stat",
            unit="percentunit",
            width=6,
            height=5,
            good=0.95,
            about="Writes to enrolment that the gateway did not answer with 5xx, over 2 minutes.",
        ),
        Panel(
            "Alerts firing",
            [Query('count(ALERTS{alertstate="firing"}) or vector(0)')],
            kind="stat",
            width=6,
            height=5,
            bad=1,
        ),
        Panel(
            "Last synthetic booking",
            [Query("kc:synthetic_success_age:seconds")],
            kind="stat",
            unit="s",
            width=6,
            height=5,
            bad=150,
            about="Once a minute a seat is booked, confirmed and cancelled through the gateway.",
        ),
        Panel(
            "Seats held without a price",
            [Query("kc:bookings_stuck:count")],
            kind="stat",
            width=6,
            height=5,
            bad=1,
        ),
        Panel(
            "Booking writes",
            [
                Query("kc:booking_writes:rate2m", "all"),
                Query("kc:booking_failures:rate2m", "failed"),
            ],
            unit="reqps",
        ),
        Panel(
            "From request to confirmed",
            [
                Query("kc:request_to_confirmed_seconds:p50_5m", "half"),
                Query("kc:request_to_confirmed_seconds:p95_5m", "95 of 100"),
            ],
            unit="s",
            bad=10,
        ),
        Panel(
            "Steps of the synthetic booking",
            [Query("max by (step) (kc_synthetic_step_seconds)", "{{step}}")],
            unit="s",
        ),
    ],
)

MESSAGES = Row(
    "Messages",
    [
        Panel(
            "Age of the outbox",
            [Query("kc:outbox_age_seconds:max", "{{service}}")],
            unit="s",
            bad=10,
        ),
        Panel(
            "Consumers behind",
            [Query("kc:consumer_lag_seconds:max", "{{service}} {{topic}}")],
            unit="s",
            bad=60,
        ),
        Panel(
            "Records not yet handled",
            [Query("kc:consumer_lag_records:sum", "{{service}} {{topic}}")],
        ),
        Panel(
            "Records handled, set aside, seen before",
            [Query("kc:records:rate5m", "{{service}} {{outcome}}")],
            unit="ops",
        ),
        Panel("Dead letters", [Query("kc:dead_letters:max", "{{service}} {{topic}}")], bad=1),
        Panel(
            "Consumers that stand still or wait",
            [
                Query("max by (service) (kc_consumer_stalled)", "{{service}} stalled"),
                Query("max by (service) (kc_consumer_paused)", "{{service}} waits for database"),
            ],
            bad=1,
        ),
        Panel(
            "Prices that wait for an organisation",
            [Query("max(kc_pending_quotes)", "waiting")],
            bad=1,
        ),
        Panel("Events waiting to be sent", [Query("kc:outbox_depth:max", "{{service}}")]),
        Panel(
            "Mails not sent",
            [
                Query("max(kc_notices_overdue)", "due and not sent"),
                Query('sum(increase(kc_mails_total{state="dead"}[15m]))', "given up"),
            ],
            bad=1,
        ),
    ],
)

REQUESTS = Row(
    "Requests and connections",
    [
        Panel("Requests", [Query("kc:http_requests:rate5m", "{{service}}")], unit="reqps"),
        Panel(
            "Requests that fail",
            [Query("kc:http_errors:ratio_rate5m", "{{service}}")],
            unit="percentunit",
            bad=0.05,
        ),
        Panel(
            "Time of 95 of 100 requests",
            [Query("kc:http_request_seconds:p95_5m", "{{service}}")],
            unit="s",
        ),
        Panel(
            "Requests at work",
            [
                Query("sum by (service) (kc_requests_in_flight)", "{{service}}"),
                Query("sum by (service) (kc_requests_in_flight_limit)", "{{service}} limit"),
            ],
        ),
        Panel(
            "Requests refused, too many",
            [Query("kc:requests_shed:ratio_rate5m", "{{service}}")],
            unit="percentunit",
            bad=0.01,
        ),
        Panel(
            "Wait for a database connection",
            [Query("kc:pool_wait_seconds:p99_5m", "{{service}}")],
            unit="s",
            bad=0.5,
        ),
    ],
)

PROCESSES = Row(
    "Processes",
    [
        Panel("Answering", [Query("up", "{{job}} {{instance}}")], good=1),
        Panel(
            "Memory",
            [Query("process_resident_memory_bytes", "{{job}} {{instance}}")],
            unit="bytes",
        ),
        Panel(
            "Processor",
            [Query("rate(process_cpu_seconds_total[5m])", "{{job}} {{instance}}")],
            about="Cores at work.",
        ),
        Panel(
            "Starts in a quarter of an hour",
            [Query("changes(process_start_time_seconds[15m])", "{{job}} {{instance}}")],
            bad=3,
        ),
    ],
)

DASHBOARD = Dashboard(
    uid="kc-operations",
    title="KommunalCampus: operations",
    about="What people notice, and why. Each alert has its page in docs/runbooks.",
    rows=[NOTICED, MESSAGES, REQUESTS, PROCESSES],
)
