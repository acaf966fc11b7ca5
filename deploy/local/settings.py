"""What one copy of the local installation is made of: its folders and its ports."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import ports

LOOPBACK = "127.0.0.1"
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Settings:
    """Folders, ports and switches of one copy. Two copies differ in `run` and `ports`."""

    run: Path
    """State folder (`KC_RUN`, default `.run` in the checkout). Always absolute."""
    cache: Path
    """Downloads and what is unpacked from them, shared by all copies (`KC_CACHE`)."""
    ports: Mapping[str, int]
    root: Path = ROOT
    durable: bool = True
    """False only in tests (`KC_DURABLE=0`): PostgreSQL then does not wait for the disk."""
    replicas: int = 1
    """Processes per service (`KC_REPLICAS`)."""
    dashboards: bool = False
    """Whether Prometheus and the synthetic booking run, too (`KC_DASHBOARDS`)."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """Further `KC_…` variables, handed on to the services."""

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the `KC_…` variables. ValueError with a sentence for the user if one is wrong."""
        env = dict(os.environ if environment is None else environment)
        home = Path(env.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        replicas = env.get("KC_REPLICAS") or "1"
        if not replicas.isdecimal() or not 1 <= int(replicas) <= 9:
            raise ValueError(f"KC_REPLICAS={replicas!r} is not a number from 1 to 9.")
        return cls(
            run=(ROOT / Path(env.get("KC_RUN") or ".run").expanduser()).resolve(),
            cache=Path(env.get("KC_CACHE") or home / "kommunalcampus").expanduser().absolute(),
            ports=ports.resolve(env),
            durable=env.get("KC_DURABLE", "1") != "0",
            replicas=int(replicas),
            dashboards=ports.wants_dashboards(env),
            extra={name: value for name, value in env.items() if name.startswith("KC_")},
        )

    @classmethod
    def for_tests(cls, name: str, **environment: str) -> Settings:
        """A copy of its own for one test run: free ports, `.run/test-<name>-<pid>`, not durable.

        Whoever asks for it removes it with `Stack.clean()`. What a killed test run left is ended
        and removed first.
        """
        from deploy.local import processes, testports

        processes.sweep_tests(ROOT)
        offset = testports.reserve()
        kept = {key: text for key, text in os.environ.items() if key in {"KC_CACHE", "HOME"}}
        return cls.from_env(
            {
                **kept,
                "KC_RUN": f".run/test-{name}-{os.getpid()}",
                "KC_PORT_OFFSET": str(offset),
                "KC_DURABLE": "0",
                **environment,
            }
        )

    @property
    def logs(self) -> Path:
        """Where every part writes its log: `<run>/logs/<part>.log`."""
        return self.run / "logs"

    @property
    def run_id(self) -> str:
        """What marks a process as one of this copy (environment variable `KC_RUN_ID`)."""
        return str(self.run)

    @property
    def issuer(self) -> str:
        """The issuer of the access tokens: the realm of the local identity provider."""
        return f"{self.url('keycloak')}/realms/kommunalcampus"

    def address(self, name: str) -> str:
        """`127.0.0.1:PORT` of a part, for example `kafka` or `smtp`."""
        return f"{LOOPBACK}:{self.ports[name]}"

    def url(self, name: str) -> str:
        """`http://127.0.0.1:PORT` of a part that speaks HTTP."""
        return f"http://{self.address(name)}"
