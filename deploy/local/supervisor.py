"""How this copy talks to supervisord: its configuration file and its XML-RPC interface.

supervisord starts, watches, restarts and logs; what belongs to the order of things and to health
is in `stack`.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import socket
import subprocess
import sys
import tempfile
import threading
import time
import xmlrpc.client
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from deploy.local.environment import clean
from deploy.local.parts import Part
from deploy.local.settings import Settings

UNREACHABLE = (OSError, HTTPException, xmlrpc.client.ProtocolError)
START_SECONDS = 15.0
ANSWER_SECONDS = 10.0  # a supervisord that is silent for longer is as good as dead
ALREADY = {10, 60, 70}  # faults: already added, already started, not running


@dataclass(frozen=True)
class State:
    """What supervisord knows about one part."""

    name: str
    word: str
    """STOPPED, STARTING, RUNNING, BACKOFF, STOPPING, EXITED, FATAL or UNKNOWN."""
    pid: int
    since: float
    """When it got into this state, seconds since 1970."""
    remark: str

    @property
    def runs(self) -> bool:
        return self.word in {"STARTING", "RUNNING"}


class _UnixConnection(HTTPConnection):
    """HTTP over a socket in the file system; supervisor's own client has no time limit."""

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(ANSWER_SECONDS)
        try:
            self.sock.connect(self.host)
        except OSError:
            self.sock.close()
            raise


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: object) -> HTTPConnection:
        del host
        connection = _UnixConnection("localhost")
        connection.host = str(self._path)
        self._connection = ("localhost", connection)  # where `close` of the proxy looks for it
        return connection


class Supervisor:
    """One supervisord, that of one copy."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._config = settings.run / "supervisord.conf"
        # A socket's path is limited to 104 bytes, a checkout's is not: so it lies elsewhere
        digest = hashlib.sha256(settings.run_id.encode()).hexdigest()[:12]
        folder = Path(tempfile.gettempdir()) / f"kc-{os.getuid()}-{digest}"
        self._socket = folder / "s"

    def call(self, method: str, *arguments: object) -> Any:
        """One call of supervisord's own interface (`supervisor.<method>`)."""
        transport = _UnixTransport(self._socket)
        with xmlrpc.client.ServerProxy("http://localhost", transport=transport) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)

    def pid(self) -> int | None:
        """The pid of the living supervisord, or None."""
        try:
            return int(self.call("getPID"))
        except UNREACHABLE:
            return None

    def states(self) -> dict[str, State]:
        """All parts it knows, by name; empty when it does not live."""
        try:
            rows = self.call("getAllProcessInfo")
        except UNREACHABLE:
            return {}
        return {
            row["name"]: State(
                name=row["name"],
                word=row["statename"],
                pid=row["pid"],
                since=row["start"] if row["pid"] else row["stop"],
                remark=row["spawnerr"] or row["description"],
            )
            for row in rows
        }

    def launch(self, parts: Iterable[Part]) -> None:
        """Start supervisord with these parts, none of them started. Nothing else of it lives."""
        self.write(parts)
        self._socket.parent.mkdir(mode=0o700, exist_ok=True)
        if self._socket.parent.stat().st_uid != os.getuid():
            raise PermissionError(f"{self._socket.parent} belongs to somebody else.")
        self._socket.unlink(missing_ok=True)
        log = (self._settings.logs / "supervisord.start.log").open("w")
        with log:
            process = subprocess.Popen(
                [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(self._config)],
                cwd=self._settings.root,
                env=clean(self._settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        # it outlives this command; where it does not (a test), its end has to be noticed
        threading.Thread(target=process.wait, daemon=True).start()
        deadline = time.monotonic() + START_SECONDS
        while self.pid() is None:
            if time.monotonic() > deadline:
                said = Path(log.name).read_text()[-800:]
                raise RuntimeError(f"supervisord did not start: {said}")
            time.sleep(0.02)

    def write(self, parts: Iterable[Part]) -> None:
        """Write the configuration: readable for the owner only, because it holds passwords."""
        text = configuration(self._settings, self._socket, parts)
        new = self._config.with_suffix(".new")
        new.unlink(missing_ok=True)
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(text)
        new.replace(self._config)

    def changed(self, parts: Iterable[Part]) -> set[str]:
        """Names of running parts whose command or environment is another now. Takes it in."""
        self.write(parts)
        _, changed, _ = self.call("reloadConfig")[0]
        return set(changed)

    def add(self, name: str) -> None:
        """Make a part of the configuration known, if it is not yet."""
        self._tolerant("addProcessGroup", name)

    def remove(self, name: str) -> None:
        """Forget a stopped part, so that `add` reads its configuration anew."""
        self.call("removeProcessGroup", name)

    def start(self, name: str) -> None:
        """Start a part; returns at once. Nothing happens if it runs."""
        self._tolerant("startProcess", name, False)

    def stop(self, name: str) -> None:
        """Ask a part to stop; returns at once. Nothing happens if it does not run."""
        self._tolerant("stopProcess", name, False)

    def shutdown(self) -> None:
        """End supervisord itself."""
        self.call("shutdown")

    def forget(self) -> None:
        """Remove what lies outside the state folder."""
        self._socket.unlink(missing_ok=True)
        if self._socket.parent.is_dir():
            self._socket.parent.rmdir()

    def _tolerant(self, method: str, *arguments: object) -> None:
        try:
            self.call(method, *arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode not in ALREADY | {90}:
                raise


def configuration(settings: Settings, socket: Path, parts: Iterable[Part]) -> str:
    """The text of supervisord's configuration file."""
    head = {
        "nodaemon": "true",
        "logfile": settings.logs / "supervisord.log",
        "logfile_maxbytes": "5MB",
        "logfile_backups": "1",
        "pidfile": settings.run / "supervisord.pid",
        "childlogdir": settings.logs,
        "umask": "077",
        **({"user": "root"} if os.getuid() == 0 else {}),
    }
    factory = "supervisor.rpcinterface:make_main_rpcinterface"
    sections: list[tuple[str, Mapping[str, object]]] = [
        ("supervisord", head),
        ("unix_http_server", {"file": socket, "chmod": "0600"}),
        ("rpcinterface:supervisor", {"supervisor.rpcinterface_factory": factory}),
        *((f"program:{part.name}", _program(settings, part)) for part in parts),
    ]
    return "\n".join(_section(name, values) for name, values in sections)


def _program(settings: Settings, part: Part) -> Mapping[str, object]:
    return {
        "command": _escaped(shlex.join(part.command)),
        "environment": ",".join(f"{name}={_quoted(text)}" for name, text in part.env.items()),
        "directory": _escaped(str(settings.root)),
        "autostart": "false",
        "autorestart": "true",
        "startsecs": "1",
        "startretries": "1000000",
        "stopsignal": part.stop_signal,
        "stopwaitsecs": part.stop_seconds,
        "stopasgroup": "true",
        "killasgroup": "true",
        "redirect_stderr": "true",
        # expanded twice, unlike all others
        "stdout_logfile": _escaped(_escaped(str(settings.logs / f"{part.name}.log"))),
        "stdout_logfile_maxbytes": "10MB",
        "stdout_logfile_backups": "2",
    }


def _section(name: str, values: Mapping[str, object]) -> str:
    texts = {k: _escaped(str(v)) if isinstance(v, Path) else v for k, v in values.items()}
    lines = [f"{key} = {text}" for key, text in texts.items() if text != ""]
    return "\n".join([f"[{name}]", *lines, ""])


def _escaped(text: str) -> str:
    """supervisord expands %(…)s, and takes ` ;` and ` #` for comments."""
    if "\n" in text or " ;" in text or " #" in text:
        raise ValueError(f"supervisord cannot be given this: {text!r}")
    return text.replace("%", "%%")


def _quoted(text: str) -> str:
    quote = "'" if '"' in text else '"'
    if quote in text:
        raise ValueError("An environment value may not hold both kinds of quotes.")
    return f"{quote}{_escaped(text)}{quote}"
