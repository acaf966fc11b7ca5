"""The one list of ports. Plain enough for the oldest Python 3, because the preflight reads it."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# name -> port of the first copy; KC_PORT_OFFSET is added to each, KC_<NAME>_PORT replaces one
BASE = {
    "gateway": 8080,
    "gateway_pages": 8083,
    "gateway_ping": 8084,
    "kafka": 9092,
    "kafka_controller": 9099,
    "smtp": 1025,
    "mail": 8025,
    "postgres": 5439,
    "keycloak": 8164,
    "keycloak_management": 8178,
    "catalog": 8111,
    "enrolment": 8123,
    "membership": 8137,
    "notifications": 8149,
    "portal": 8155,
}

# What runs only where it is wanted (KC_DASHBOARDS=1), so that nobody has to free its ports
DASHBOARDS = {"prometheus": 9090, "synthetic": 8161}

SERVICES = ("catalog", "enrolment", "membership", "notifications")

PORTAL = "portal"  # the web client: a process and a database like those, but no domain of its own

REPLICA_STEP = 1000  # a second process of a service listens that much higher


def variable(name: str) -> str:
    """The environment variable that replaces the port of `name`."""
    return f"KC_{name.upper()}_PORT"


def wants_dashboards(environment: "Mapping[str, str]") -> bool:
    """Whether Prometheus and what feeds it shall run, too (`make up dashboards=1`)."""
    return environment.get("KC_DASHBOARDS", "") not in ("", "0")


def resolve(environment: "Mapping[str, str]") -> "dict[str, int]":
    """All ports by name. ValueError with a sentence for the user when one cannot be used."""
    offset = _number(environment, "KC_PORT_OFFSET", 0)
    ports = {}
    for name, base in {**BASE, **(DASHBOARDS if wants_dashboards(environment) else {})}.items():
        port = _number(environment, variable(name), base + offset)
        if not 1 <= port <= 65535:
            raise ValueError(
                f"{name} would listen on port {port}, which does not exist: choose a smaller "
                f"KC_PORT_OFFSET or set {variable(name)}."
            )
        ports[name] = port
    _refuse_twins(ports)
    return ports


def _number(environment: "Mapping[str, str]", name: str, default: int) -> int:
    text = environment.get(name, "").strip()
    if not text:
        return default
    if any(digit not in "0123456789" for digit in text) or len(text) > 9:
        raise ValueError(f"{name}={text!r} is not a whole number of 0 or more.")
    return int(text)


def _refuse_twins(ports: "dict[str, int]") -> None:
    names = sorted(ports, key=lambda name: ports[name])
    for one, other in zip(names, names[1:]):  # noqa: B905, RUF007 - older Python reads this file
        if ports[one] == ports[other]:
            raise ValueError(
                f"{one} and {other} would both listen on port {ports[one]}: "
                f"change {variable(one)} or {variable(other)}."
            )
