"""What is missing or unsuitable on this machine, said before anything else happens.

Run by the machine's own Python, whatever it is: standard library only, and no syntax that
Python 3.6 does not know. `python3 -m deploy.local.preflight setup|up`.
"""

import importlib.util
import os
import platform
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local import ports

LOOPBACK = "127.0.0.1"
ROOT = Path(__file__).resolve().parent.parent.parent
NEEDED = (3, 11)
SYSTEM = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}  # the user's may be stripped
FIRST_TIME = 1500  # MB: environment 600, downloads and what is unpacked 500, state 200
LATER = 200  # MB
NETWORK_SECONDS = 3
# pip's own address book: what is configured, else its default
INDEX = """
import sys
from pip._internal.configuration import Configuration
from pip._internal.models.index import PyPI
known = Configuration(isolated=False)
known.load()
found = dict(known.items())
flat = {}
for name, value in found.items():
    flat.update(value if isinstance(value, dict) else {name: value})
off = any(name.endswith("no-index") for name in flat)
urls = [value for name, value in flat.items() if name.endswith(".index-url")]
print("" if off else (urls or [PyPI.simple_url])[-1])
"""
MACHINES = ("x86_64", "amd64", "aarch64", "arm64")


def main(words: "list[str]") -> int:
    """Print every problem with what to do about it; 1 if there is one."""
    problems = check(words[0] if words else "up", os.environ)
    for problem in problems:
        sys.stderr.write("Problem: " + problem + "\n")
    return 1 if problems else 0


def check(command: str, environment: "os._Environ[str]") -> "list[str]":
    """All problems that stand against `setup` (the environment) or `up` (running it)."""
    problems = python_problems(sys.version_info[:2], "venv", "ensurepip") + platform_problems(
        platform.system(), platform.machine(), libc()
    )
    run = state_folder(environment)
    problems += folder_problems(run, "KC_RUN") + folder_problems(cache(environment), "KC_CACHE")
    first_time = is_first_time(environment)
    problems += space_problems(ROOT, FIRST_TIME if first_time else LATER)
    if command == "up":
        try:
            wanted = ports.resolve(environment)
        except ValueError as error:
            return [*problems, str(error)]
        problems += port_problems(wanted, run) + root_problems()
    if first_time and not problems:
        problems += network_problems(environment)
    return problems


def python_problems(version: "tuple[int, int]", *modules: str) -> "list[str]":
    """The version, and the modules that some systems pack separately."""
    if version < NEEDED:
        return [
            f"this is Python {version[0]}.{version[1]} ({sys.executable}); {NEEDED[0]}.{NEEDED[1]} "
            "or newer is needed. Install it, or name it: make PYTHON=/path/to/python3.11 ..."
        ]
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        return [
            f"Python at {sys.executable} lacks {' and '.join(missing)}. On Debian and Ubuntu: "
            f"apt install python{version[0]}.{version[1]}-venv"
        ]
    return []


def platform_problems(system: str, machine: str, libc: str) -> "list[str]":
    """The servers exist for Linux with glibc and for macOS, on 64-bit Intel and ARM."""
    if system not in ("Linux", "Darwin"):
        return [f"{system} is not supported: use Linux, macOS, or Linux under WSL 2."]
    if machine.lower() not in MACHINES:
        return [f"there are no servers for {machine}: x86_64 and arm64 are supported."]
    if system == "Linux" and libc != "glibc":
        return ["this Linux has no glibc (Alpine?): the servers need one, for example Debian's."]
    return []


def root_problems() -> "list[str]":
    """PostgreSQL does not run as root; on Linux a user namespace gets around that."""
    if os.geteuid() != 0:
        return []
    command = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "true"]
    try:
        if subprocess.call(command, env=SYSTEM, stderr=subprocess.DEVNULL) == 0:
            return []
    except OSError:
        pass
    return ["PostgreSQL does not run as root, and this system has no user namespaces for root: "
            "work as a plain user."]  # fmt: skip


def folder_problems(path: Path, variable: str) -> "list[str]":
    """Whether a folder can be written, or made."""
    existing = path
    while not existing.exists():
        existing = existing.parent
    if not existing.is_dir():
        return [f"{existing} is not a folder: set {variable} to another place."]
    if not os.access(existing, os.W_OK | os.X_OK):
        return [f"{existing} cannot be written: set {variable} to another place."]
    return []


def space_problems(path: Path, megabytes: int) -> "list[str]":
    """Free space where the checkout lies."""
    free = shutil.disk_usage(path).free // 1_000_000
    if free < megabytes:
        return [f"{free} MB are free on the disk of {path}; {megabytes} MB are needed."]
    return []


def port_problems(wanted: "dict[str, int]", run: Path) -> "list[str]":
    """Ports that somebody else has; what runs from our own state folder is no problem."""
    problems = []
    for name, port in sorted(wanted.items()):
        if not is_taken(port):
            continue
        pid = owner(port)
        if pid and belongs(pid, run):
            continue
        by = f" by process {pid}" if pid else ""
        problems.append(
            f"port {port} ({name}) is taken{by}. End that, or set {ports.variable(name)}, or "
            "KC_PORT_OFFSET for all ports (for example make up KC_PORT_OFFSET=1000)."
        )
    return problems


def is_taken(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        probe.settimeout(0.3)
        if probe.connect_ex((LOOPBACK, port)) == 0:
            return True
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return True
    return False


def owner(port: int) -> int:
    """The process that listens on a port; 0 if it cannot be seen."""
    if Path("/proc/self/fd").is_dir():
        return _owner_of_socket(_listening_sockets(port))
    try:
        command = ["lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-t"]
        said = _output(command)
        return int(said.split()[0]) if said.split() else 0
    except (OSError, ValueError):
        return 0


def _output(command: "list[str]") -> bytes:
    quiet = subprocess.DEVNULL
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=quiet, env=SYSTEM, check=False)
    return bytes(done.stdout)


def _listening_sockets(port: int) -> "set[str]":
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = [line.split() for line in Path(table).read_text().splitlines()[1:]]
        except OSError:
            continue
        found |= {r[9] for r in rows if r[3] == "0A" and int(r[1].rsplit(":", 1)[1], 16) == port}
    return found


def _owner_of_socket(inodes: "set[str]") -> int:
    links = {f"socket:[{inode}]" for inode in inodes}
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and any(
                os.readlink(str(number)) in links  # noqa: PTH115 - Path has it from Python 3.9
                for number in (process / "fd").iterdir()
            ):
                return int(process.name)
        except OSError:
            continue
    return 0


def belongs(pid: int, run: Path) -> bool:
    """Whether a process carries the mark of our state folder."""
    mark = f"KC_RUN_ID={run}".encode()
    try:
        return mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        pass
    try:
        command = ["ps", "-E", "-ww", "-o", "command=", "-p", str(pid)]
        said = _output(command)
        return mark in said
    except OSError:
        return False


def network_problems(environment: "os._Environ[str]") -> "list[str]":
    """Whether the place answers from which the next thing has to be fetched."""
    python = ROOT / ".venv" / "bin" / "python"
    if python.exists():
        what, command = "Java packages", [str(python), "-m", "deploy.local.fetch"]
    else:
        what, command = "Python packages", [sys.executable, "-c", INDEX]
    try:
        said = subprocess.run(  # noqa: PLW1510
            command, cwd=str(ROOT), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=20
        ).stdout.decode()
    except (OSError, subprocess.TimeoutExpired):
        return []
    place = environment.get("HTTPS_PROXY") or environment.get("https_proxy") or said.strip()
    address = urlsplit(place)
    if not address.hostname:
        return []
    port = address.port or (80 if address.scheme == "http" else 443)
    try:
        socket.create_connection((address.hostname, port), NETWORK_SECONDS).close()
    except OSError as error:
        return [
            f"{what} have to be fetched, and {address.hostname}:{port} does not answer ({error}). "
            "Connect to the network, or name a proxy in HTTPS_PROXY."
        ]
    return []


def libc() -> str:
    """`glibc`, or nothing where there is another one."""
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").split(" ")[0]
    except (ValueError, OSError):
        return ""


def state_folder(environment: "os._Environ[str]") -> Path:
    """The absolute state folder, as `settings` finds it."""
    return (ROOT / Path(environment.get("KC_RUN") or ".run").expanduser()).resolve()


def cache(environment: "os._Environ[str]") -> Path:
    """The folder of the downloads, as `settings` finds it."""
    home = Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(environment.get("KC_CACHE") or home / "kommunalcampus").expanduser()


def is_first_time(environment: "os._Environ[str]") -> bool:
    """Whether something has to be fetched."""
    folder = cache(environment)
    have = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return not (ROOT / ".venv").is_dir() or any(
        not any(name.startswith(group) for name in have)
        for group in ("kafka-", "keycloak-", "postgres-")
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
