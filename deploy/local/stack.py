"""All parts together: brought up in parallel, healed, brought down. Also what tests use."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from deploy.local import postgres, preflight, processes
from deploy.local.inventory import all_parts
from deploy.local.parts import Part
from deploy.local.progress import say
from deploy.local.settings import Settings
from deploy.local.supervisor import State, Supervisor

LOCK = ".lock"  # by this file a state folder is known
POLL = 0.05  # seconds between two looks at a health probe
READY_SECONDS = 300.0  # for one part; the identity provider's first start on a busy machine
HUNG_SECONDS = 10.0  # what runs but does not answer for so long during `up` is started anew
FAST_FAILURES = 3  # what ends so often during `up` will not do better by waiting


class NotReadyError(Exception):
    """A part did not get ready. The text says which, why and where its log is."""


class Stack:
    """The parts of one copy. As a context manager: up at the beginning, down at the end."""

    def __init__(self, settings: Settings, parts: Collection[str] | None = None) -> None:
        """`parts`: names to run, all by default. Parts they need must be among them."""
        self.settings = settings
        described = all_parts(settings)
        unknown = set(parts or ()) - {part.name for part in described}
        if unknown:
            raise LookupError(f"There is no part called {', '.join(sorted(unknown))}.")
        chosen = [part for part in described if parts is None or part.name in parts]
        self.parts = {part.name: part for part in chosen}
        self._complete = len(chosen) == len(described)
        self._supervisor = Supervisor(settings)
        self._ready: dict[str, threading.Event] = {}
        self._failed: set[str] = set()

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.down()

    # -- all together

    def up(self, tell: Callable[[str, float], None] | None = None) -> None:
        """Bring every part to ready, whatever state is found. NotReadyError if one fails.

        `tell(name, seconds)` is called as each gets ready.
        """
        began = time.monotonic()
        self.settings.run.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.settings.logs.mkdir(exist_ok=True)
        with self._alone():
            changed = self._supervise()
            self._ready = {name: threading.Event() for name in self.parts}
            self._failed.clear()
            with ThreadPoolExecutor(len(self.parts) or 1) as pool:
                tasks = {
                    part.name: pool.submit(self._bring, part, part.name in changed)
                    for part in self.parts.values()
                }
                for name, task in tasks.items():
                    task.add_done_callback(self._teller(name, began, tell))
            _raise_first(tasks)

    def down(self) -> None:
        """Stop everything, those that need others first. Leaves no process behind."""
        if not self.settings.run.is_dir():
            return
        with self._alone():
            states = self._supervisor.states()
            if states:
                self._stop_in_order(states)
                with contextlib.suppress(OSError):
                    self._supervisor.shutdown()
            # supervisord ends by itself now; only what was left behind needs more than patience
            deadline = time.monotonic() + 3
            while (left := processes.ours(self.settings.run)) and time.monotonic() < deadline:
                if any(process.pid != self._supervisor.pid() for process in left):
                    break
                time.sleep(POLL)
            processes.end_all(self.settings.run)
            self._supervisor.forget()

    def clean(self) -> None:
        """Stop everything and forget all state; other copies may live in folders below."""
        self.down()
        for path in list(self.settings.run.iterdir()) if self.settings.run.is_dir() else []:
            if not path.is_dir():
                path.unlink()
            elif not (path / LOCK).exists():
                shutil.rmtree(path)
        with contextlib.suppress(OSError):
            self.settings.run.rmdir()

    def states(self) -> dict[str, State]:
        """What the supervisor knows of each part; empty when nothing runs."""
        return self._supervisor.states()

    # -- one part

    def pid(self, name: str) -> int:
        """The pid of a running part. ProcessLookupError if it does not run."""
        state = self._supervisor.states().get(name)
        if state is None or not state.pid:
            raise ProcessLookupError(f"{name} does not run.")
        return state.pid

    def kill(self, name: str, number: int = signal.SIGKILL) -> int:
        """Send a signal to a part; returns its pid. The supervisor starts it anew if it dies."""
        pid = self.pid(name)
        os.kill(pid, number)
        return pid

    def start(self, name: str) -> None:
        """Start one stopped part and wait until it is ready."""
        self._start(self.parts[name])
        self._await_ready(self.parts[name])

    def stop(self, name: str) -> None:
        """Stop one part and wait until it is gone. It stays stopped until `start` or `up`."""
        self._supervisor.stop(name)
        self._await_stopped(name)

    def url(self, name: str) -> str:
        """`http://127.0.0.1:PORT` of a part."""
        return self.settings.url(name)

    def database_url(self, service: str, admin: bool = False) -> str:
        """SQLAlchemy address of a service's database, as its role or as the administrator."""
        return postgres.database_url(self.settings, service, admin)

    # -- how

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Two commands on one copy wait for each other."""
        with (self.settings.run / LOCK).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _supervise(self) -> set[str]:
        """A living supervisord that knows our parts; everything else of this copy is ended."""
        parts = list(self.parts.values())
        pid = self._supervisor.pid()
        if pid is None:
            left = processes.end_all(self.settings.run)
            if left:
                say(f"  ended {left} processes that an earlier run left")
            self._refuse_taken_ports()
            self._supervisor.launch(parts)
            return set()
        known = {state.pid for state in self._supervisor.states().values()}
        family = {pid} | known | processes.descendants(pid)
        processes.end_all(self.settings.run, keep=family)
        return self._supervisor.changed(parts)

    def _refuse_taken_ports(self) -> None:
        """Nothing of ours runs now: who listens on our ports would pass for one of our parts."""
        wanted = {
            name: port
            for name, port in self.settings.ports.items()
            if self._complete or name in self.parts
        }
        problems = preflight.port_problems(wanted, self.settings.run)
        if problems:
            raise NotReadyError("\n".join(problems))

    def _bring(self, part: Part, changed: bool) -> None:
        try:
            state = self._supervisor.states().get(part.name)
            if state is not None and state.runs and not changed:
                processes.wake(state.pid)
                self._await_ready(part, hung_after=HUNG_SECONDS)
            else:
                self._renew(part, state)
            self._ready[part.name].set()
        except BaseException:
            self._failed.add(part.name)
            raise

    def _renew(self, part: Part, state: State | None) -> None:
        """Stop it if it is half alive, prepare it, start it, wait until it is ready."""
        if state is not None:
            self.stop(part.name)
            self._supervisor.remove(part.name)
        if part.prepare is not None:
            part.prepare()
        for name in part.needs & self._ready.keys():
            while not self._ready[name].wait(0.2):
                if name in self._failed:
                    raise NotReadyError(f"{part.name} was not started, because it needs {name}.")
        self._start(part)
        self._await_ready(part)

    def _start(self, part: Part) -> None:
        self._supervisor.add(part.name)
        self._supervisor.start(part.name)

    def _await_ready(self, part: Part, hung_after: float = READY_SECONDS) -> None:
        deadline = time.monotonic() + hung_after
        pids: set[int] = set()
        while not part.ready():
            state = self._supervisor.states().get(part.name)
            pids |= {state.pid} if state and state.pid else set()
            if len(pids) > FAST_FAILURES or state is None or state.word == "FATAL":
                raise NotReadyError(self._why(part.name, "ends again and again"))
            if time.monotonic() > deadline:
                if hung_after < READY_SECONDS:
                    processes.kill_group(state.pid)
                    return self._renew(part, state)
                raise NotReadyError(self._why(part.name, f"was not ready after {hung_after:.0f} s"))
            time.sleep(POLL)
        return None

    def _why(self, name: str, what: str) -> str:
        log = self.settings.logs / f"{name}.log"
        lines = log.read_text(errors="replace").splitlines()[-12:] if log.exists() else []
        return "\n".join([f"{name} {what}. The end of {log}:", *(f"    {x}" for x in lines)])

    def _stop_in_order(self, states: dict[str, State]) -> None:
        """Ask each to stop as soon as all that need it are gone; all others at the same time."""
        waiting = {name for name, state in states.items() if state.pid or state.word == "BACKOFF"}
        asked: set[str] = set()
        while waiting:
            for name in waiting - asked:
                users = {part.name for part in self.parts.values() if name in part.needs}
                if not users & waiting:
                    self._supervisor.stop(name)
                    asked.add(name)
            time.sleep(POLL)
            states = self._supervisor.states()
            waiting = {name for name in waiting if name in states and states[name].pid}

    def _await_stopped(self, name: str) -> None:
        part = self.parts[name]
        deadline = time.monotonic() + part.stop_seconds + 5
        while (state := self._supervisor.states().get(name)) and (
            state.pid or state.word in {"BACKOFF", "STOPPING", "EXITED"}
        ):
            if time.monotonic() > deadline:
                raise NotReadyError(f"{name} (pid {state.pid}) does not stop: {state.word}.")
            if state.word in {"STARTING", "RUNNING", "BACKOFF", "EXITED"}:
                # it ended by itself just before it was asked, and is started anew
                self._supervisor.stop(name)
            time.sleep(POLL)

    def _teller(
        self, name: str, began: float, tell: Callable[[str, float], None] | None
    ) -> Callable[[Future[None]], None]:
        def done(task: Future[None]) -> None:
            if tell is not None and not task.cancelled() and task.exception() is None:
                tell(name, time.monotonic() - began)

        return done


def _raise_first(tasks: dict[str, Future[None]]) -> None:
    """Raise what went wrong; with several failures the one that caused the others first."""
    errors = [error for task in tasks.values() if (error := task.exception()) is not None]
    errors.sort(key=lambda error: "because it needs" in str(error))
    if errors:
        raise errors[0]
