"""The one list of ports. Plain enough for the oldest Python 3, because the preflight reads it."""

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
}

SERVICES = ("catalog", "enrolment", "membership", "notifications")

REPLICA_STEP = 1000  # a second process of a service listens that much higher


def variable(name):  # type: (str) -> str
    """The environment variable that replaces the port of `name`."""
    return "KC_" + name.upper() + "_PORT"


def resolve(environment):  # type: (Mapping[str, str]) -> Dict[str, int]
    """All ports by name. ValueError with a sentence for the user when one cannot be used."""
    offset = _number(environment, "KC_PORT_OFFSET", 0)
    ports = {}
    for name, base in BASE.items():
        port = _number(environment, variable(name), base + offset)
        if not 1 <= port <= 65535:
            raise ValueError(
                "{} would listen on port {}, which does not exist: choose a smaller "
                "KC_PORT_OFFSET or set {}.".format(name, port, variable(name))
            )
        ports[name] = port
    _refuse_twins(ports)
    return ports


def _number(environment, name, default):  # type: (Mapping[str, str], str, int) -> int
    text = environment.get(name, "").strip()
    if not text:
        return default
    if not (text.isdigit() and text.isascii() if hasattr(text, "isascii") else text.isdigit()):
        raise ValueError("{}={!r} is not a whole number of 0 or more.".format(name, text))
    return int(text)


def _refuse_twins(ports):  # type: (Dict[str, int]) -> None
    seen = {}  # type: Dict[int, str]
    for name, port in ports.items():
        if port in seen:
            raise ValueError(
                "{} and {} would both listen on port {}: change {} or {}.".format(
                    seen[port], name, port, variable(seen[port]), variable(name)
                )
            )
        seen[port] = name
