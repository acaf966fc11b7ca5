"""The figures of every service, for Prometheus. Labels are few and closed: never an id."""

from prometheus_client import Counter, Gauge, Histogram

FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

REQUESTS = Histogram(
    "kc_http_request_seconds",
    "Time of HTTP requests",
    ["service", "method", "route", "status"],
    buckets=FAST,
)
IN_FLIGHT = Gauge("kc_requests_in_flight", "Requests at work", ["service"])
IN_FLIGHT_LIMIT = Gauge("kc_requests_in_flight_limit", "How many there may be", ["service"])
PARKED = Gauge("kc_requests_parked", "Requests that wait for something to be settled", ["service"])
SHED = Counter("kc_requests_shed", "Refused before any work", ["service", "priority", "code"])
REFUSALS = Counter("kc_refusals", "Rules that said no", ["service", "code"])
GROUP_SIZE = Histogram(
    "kc_command_group_size",
    "Commands in one transaction",
    ["service", "handler"],
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500),
)
BATCH_SIZE = Histogram(
    "kc_batch_size",
    "Records of one topic in one batch",
    ["service", "topic"],
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
)
BATCH_SECONDS = Histogram(
    "kc_batch_seconds", "Time of one batch, commit included", ["service"], buckets=FAST
)
RECORDS = Counter("kc_records", "Records by what became of them", ["service", "topic", "outcome"])
DEAD_LETTERS = Gauge("kc_dead_letters", "Messages set aside and not settled", ["service", "topic"])
LAG_RECORDS = Gauge("kc_consumer_lag_records", "Records not yet handled", ["service", "topic"])
LAG_SECONDS = Gauge("kc_consumer_lag_seconds", "Age of the oldest of them", ["service", "topic"])
PAUSED = Gauge("kc_consumer_paused", "1 while an outage is waited out", ["service", "topic"])
STALLED = Gauge(
    "kc_consumer_stalled", "1 while records wait and their place does not move", ["service"]
)
OUTBOX_DEPTH = Gauge("kc_outbox_depth", "Events not yet sent", ["service"])
OUTBOX_AGE = Gauge("kc_outbox_age_seconds", "Age of the oldest of them", ["service"])
RELAYED = Counter("kc_outbox_relayed", "Events sent to Kafka", ["service"])
POOL_IN_USE = Gauge("kc_pool_in_use", "Database connections in use", ["service"])
POOL_WAIT = Histogram(
    "kc_pool_wait_seconds",
    "Time until a database connection was free, or was given up on",
    ["service"],
    buckets=(0.001, 0.01, 0.1, 0.25, 0.5, 1, 2, 5),
)
TIMER_ROWS = Counter("kc_timer_rows", "Rows handled by timers", ["service", "timer"])
