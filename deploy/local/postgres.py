"""PostgreSQL: one server; per service one database and one role that sees no other database."""

from __future__ import annotations

import os
import shutil
import socket
import struct
from pathlib import Path

from deploy.local import fetch
from deploy.local.credentials import credential
from deploy.local.environment import as_plain_user, run
from deploy.local.parts import Part
from deploy.local.ports import PORTAL, SERVICES
from deploy.local.settings import LOOPBACK, Settings

ADMIN = "admin"
EXTENSIONS = {"catalog": ("pg_trgm", "unaccent")}
CONF = Path(__file__).parents[1] / "postgres" / "postgresql.conf"
HARMLESS = "already exists"


def part(settings: Settings) -> Part:
    """The server in the foreground, without sockets in the file system, on loopback only."""
    program = fetch.unpacked(settings, "postgres") / "bin" / "postgres"
    options = {
        "config_file": str(CONF),
        "hba_file": str(_data(settings) / "pg_hba.conf"),
        "ident_file": str(_data(settings) / "pg_ident.conf"),
        "listen_addresses": LOOPBACK,
        "port": str(settings.ports["postgres"]),
        "unix_socket_directories": "",
    }
    if not settings.durable:
        options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    flags = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    return Part(
        name="postgres",
        command=[*as_plain_user(), str(program), "-D", str(_data(settings)), *flags],
        env={},
        ready=lambda: accepts(settings),
        prepare=lambda: prepare(settings),
        stop_signal="INT",  # "fast": does not wait for clients to go
        addresses={"PostgreSQL": settings.address("postgres")},
    )


def database_url(settings: Settings, service: str, admin: bool = False) -> str:
    """SQLAlchemy address of a service's database, as its own role or as the administrator."""
    role = ADMIN if admin else service
    secret = credential(settings, f"postgres.{role}")
    return f"postgresql+asyncpg://{role}:{secret}@{settings.address('postgres')}/{service}"


def accepts(settings: Settings) -> bool:
    """Whether the server asks a client for its password: then start and recovery are over."""
    words = b"user\0" + ADMIN.encode() + b"\0database\0postgres\0\0"
    hello = struct.pack(">ii", len(words) + 8, 196608) + words  # protocol 3.0
    address = (LOOPBACK, settings.ports["postgres"])
    try:
        with socket.create_connection(address, timeout=0.5) as connection:
            connection.sendall(hello)
            # all of the answer: closing with some of it unread would look like a fault in the log
            return connection.recv(1024)[:1] == b"R"
    except OSError:
        return False


def prepare(settings: Settings) -> None:
    """Fetch the server, make the cluster, the databases and the roles. Only while it is down."""
    home = fetch.unpack(settings, "postgres")
    data = _data(settings)
    if not (data / "PG_VERSION").exists():
        _initialise(settings, home / "bin" / "initdb", data)
    # Nothing of this copy runs now. What a killed server left could name a pid that is used again
    (data / "postmaster.pid").unlink(missing_ok=True)
    stamp = data.parent / "provisioned"
    done = stamp.read_text().split() if stamp.exists() else []
    for service in (*SERVICES, PORTAL):
        if service not in done:
            _provision(settings, home, service)
            done.append(service)
            stamp.write_text("\n".join(done))


def _data(settings: Settings) -> Path:
    return settings.run / "postgres" / "data"


def _initialise(settings: Settings, initdb: Path, data: Path) -> None:
    new = data.with_name("data.new")
    shutil.rmtree(new, ignore_errors=True)
    new.parent.mkdir(parents=True, exist_ok=True)
    secret = data.with_name("password")
    secret.touch(mode=0o600)
    secret.write_text(credential(settings, f"postgres.{ADMIN}"))
    try:
        options = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        auth = ["--auth-host=scram-sha-256", "--auth-local=reject", f"--pwfile={secret}"]
        sync = [] if settings.durable else ["--no-sync"]
        where = ["-U", ADMIN, "-D", str(new)]
        run(settings, [*as_plain_user(), str(initdb), *where, *options, *auth, *sync])
        os.rename(new, data)  # noqa: PTH104 - says that it must fail if somebody was faster
    finally:
        secret.unlink()


def _provision(settings: Settings, home: Path, service: str) -> None:
    """Role and database of one service. Can be repeated: a killed run is simply done again."""
    secret = credential(settings, f"postgres.{service}")
    statements = [
        f"CREATE ROLE {service} LOGIN",
        f"ALTER ROLE {service} PASSWORD '{secret}'",
        f"CREATE DATABASE {service} OWNER {service}",
        f"REVOKE ALL ON DATABASE {service} FROM PUBLIC",
        "REVOKE ALL ON DATABASE postgres FROM PUBLIC",
        "REVOKE ALL ON DATABASE template1 FROM PUBLIC",
    ]
    _single(settings, home, "postgres", statements)
    extensions = [f"CREATE EXTENSION IF NOT EXISTS {name}" for name in EXTENSIONS.get(service, ())]
    if extensions:
        _single(settings, home, service, extensions)


def _single(settings: Settings, home: Path, database: str, statements: list[str]) -> None:
    """Run statements on the stopped cluster (PostgreSQL's own single-user mode)."""
    command = [str(home / "bin" / "postgres"), "--single", "-D", str(_data(settings))]
    said = run(settings, [*as_plain_user(), *command, database], text="\n".join(statements) + "\n")
    wrong = [line for line in said.splitlines() if "ERROR:" in line and HARMLESS not in line]
    if wrong:
        raise RuntimeError(f"PostgreSQL refused to make {service_of(statements)}: {wrong[0]}")


def service_of(statements: list[str]) -> str:
    """What a list of statements is about, for an error that does not show a password."""
    return " ".join(statements[0].split()[:3])
