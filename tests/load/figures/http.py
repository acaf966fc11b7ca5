"""What an enrolment over HTTP costs, from the request at the gateway until its notice is recorded.

Each is a coordinator's booking for somebody else, so it leads to two notices (person, coordinator).
Nobody of them has a mail address: both notices are recorded and shown in the portal. Then the same
load where both are written to by mail; what it costs more is the price of two mails.
"""

from __future__ import annotations

from uuid import uuid4

from tests.load.bench import Bench, Cost
from tests.load.clients import closed_loop
from tests.load.figure import Figure

CLIENTS, COUNT, MAILED = 64, 6000, 1500
CONTACTS = """
    INSERT INTO person (person_ref, organisation_id, given_name, family_name, mail, version,
                        updated_at)
    SELECT p, (SELECT organisation_id FROM person WHERE mail LIKE 'carla%'), 'Lea', 'Beispiel',
           left(CAST(p AS text), 8) || '@bench.example', 1, now()
      FROM unnest($1::uuid[]) p
"""


def measure(bench: Bench) -> list[Figure]:
    """CPU and rate by single requests, the price of mails, and the bulk route."""
    bench.warm_up()
    count = bench.size(COUNT)
    plain = bench.cost(count, closed_loop(bench.address, bench.requests(count), CLIENTS))
    bench.known["capacity"] = count / plain.outcome.seconds
    bench.known["http_cpu_ms"] = plain.cpu_ms
    return [
        Figure(
            "CPU per enrolment over HTTP",
            plain.cpu_ms,
            "ms",
            at_most=1.2,
            note="two notices each, in the portal; all parts but identity provider and mail sink",
            details=plain.details(),
        ),
        Figure("enrolments over HTTP, 64 clients", bench.known["capacity"], "/s"),
        _mails(bench, plain),
        *_bulk(bench),
    ]


def _mails(bench: Bench, plain: Cost) -> Figure:
    """The same load with mails, until the last of them is out."""
    count = bench.size(MAILED)
    people = [str(uuid4()) for _ in range(count)]
    requests = bench.requests(count, people=people)
    bench.wait(bench.databases.rows("notifications", CONTACTS, people))
    bench.tell_by("mail")
    try:
        cost = bench.cost(count, closed_loop(bench.address, requests, CLIENTS), sent=True)
    finally:
        bench.tell_by("portal")
    return Figure(
        "CPU per mail beside its notice",
        (cost.cpu_ms - plain.cpu_ms) / 2,
        "ms",
        note="until the sink has accepted it; the sink itself is not counted",
        details=cost.details(),
    )


def _bulk(bench: Bench) -> list[Figure]:
    """Lists of 100: a notice for each person, and one for the coordinator of each list."""
    count = max(100, bench.size(COUNT) // 100 * 100)
    requests = bench.bulks(count)
    load = closed_loop(bench.address, requests, min(CLIENTS, 8))
    cost = bench.cost(count, load, notices=count + len(requests), sent=True)
    return [
        Figure(
            "CPU per enrolment in lists of 100",
            cost.cpu_ms,
            "ms",
            note="a notice for each person and one for each list",
            details=cost.details(),
        ),
        Figure("enrolments in lists of 100, 8 clients", count / cost.outcome.seconds, "/s"),
    ]
