"""Make the Python environment `.venv` of this checkout: `python3 -m deploy.setup`.

Everything comes from `requirements.lock`, checked by hashes. Does nothing when that is done.
No syntax here that Python 3.6 does not know: the sentence about its age must come out.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from deploy.local import preflight

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "made-from"
PYTHON = VENV / "bin" / "python"


def main() -> int:
    """Make the environment if it is missing or old. 0 if it is there afterwards."""
    if sys.version_info < preflight.NEEDED:
        return preflight.main(["setup"])
    if not LOCK.exists():
        there = PYTHON.exists()
        end = "is used as it is" if there else "cannot be made"
        sys.stderr.write(f"There is no requirements.lock: .venv {end}.\n")
        return 0 if there else 1
    if _is_made():
        return 0
    if preflight.main(["setup"]):
        return 1
    (ROOT / ".run").mkdir(exist_ok=True)
    with (ROOT / ".run" / "setup.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        return 0 if _is_made() else _make()


def _make() -> int:
    try:
        if not _is_usable():
            _say("making .venv")
            _run([sys.executable, "-m", "venv", "--clear", str(VENV)])
        _install()
    except subprocess.CalledProcessError as error:
        sys.stderr.write(
            f"{error}\nThe environment could not be made. Is there a network? "
            "Call it again: it goes on where it stopped.\n"
        )
        return 1
    STAMP.write_text(_source())
    return 0


def _install() -> None:
    """uv does in seconds what takes pip most of a minute; where it cannot run, pip does it."""
    _say("installing the packages of requirements.lock")
    members = [word for member in _members() for word in ("--editable", str(member))]
    own = ["--no-deps", "--no-build-isolation", *members]
    hashed = ["--require-hashes", "--requirement", str(LOCK)]
    if _uv_works():
        uv = [str(VENV / "bin" / "uv"), "pip", "install", "--quiet", "--python", str(PYTHON)]
        _run([*uv, *hashed], _uv_environment())
        _run([*uv, *own], _uv_environment())
    else:
        pip = [str(PYTHON), "-m", "pip", "install", "--quiet"]
        _run([*pip, *hashed])
        _run([*pip, *own])


def _uv_works() -> bool:
    """Install the one uv of the lock, with its hashes."""
    block = _block("uv")
    if not block:
        return False
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "uv.txt"
        wanted.write_text(block)
        pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps"]
        _run([*pip, "--requirement", str(wanted)])
    asked = [str(VENV / "bin" / "uv"), "--version"]
    done = subprocess.run(asked, stdout=subprocess.DEVNULL, check=False)
    return done.returncode == 0


def _block(name: str) -> str:
    """The lines of one package in the lock."""
    lines = LOCK.read_text().splitlines()
    for at, line in enumerate(lines):
        if line.startswith(f"{name}=="):
            end = at + 1
            while end < len(lines) and lines[end].startswith((" ", "\t")):
                end += 1
            return "\n".join(line for line in lines[at:end] if not line.strip().startswith("#"))
    return ""


def _uv_environment() -> "dict[str, str]":
    """What pip was told about this machine, in the words of uv."""
    env = dict(os.environ, UV_NATIVE_TLS="1", UV_LINK_MODE="copy", UV_NO_CONFIG="1")
    for name in ("VIRTUAL_ENV", "UV_PROJECT"):
        env.pop(name, None)
    told = {
        "UV_DEFAULT_INDEX": _pip_says("index-url"),
        "UV_INDEX": _pip_says("extra-index-url"),
        "UV_FIND_LINKS": _pip_says("find-links"),
        "SSL_CERT_FILE": _pip_says("cert"),
    }
    for name, value in told.items():
        if value and name not in env and (name != "UV_FIND_LINKS" or Path(value).is_dir()):
            env[name] = value
    return env


def _pip_says(option: str) -> str:
    from_environment = os.environ.get("PIP_" + option.upper().replace("-", "_"))
    if from_environment:
        return from_environment
    command = [str(PYTHON), "-m", "pip", "config", "get", f"global.{option}"]
    quiet = subprocess.DEVNULL
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=quiet, check=False)
    return done.stdout.decode().strip() if done.returncode == 0 else ""


def _is_usable() -> bool:
    """Whether `.venv` works with this very version of Python and has pip."""
    if not PYTHON.exists():
        shutil.rmtree(VENV, ignore_errors=True)
        return False
    ask = "import sys, pip; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([str(PYTHON), "-c", ask], stdout=subprocess.PIPE)  # noqa: PLW1510
    return done.stdout.decode().strip() == "{}.{}".format(*sys.version_info[:2])


def _is_made() -> bool:
    return STAMP.exists() and PYTHON.exists() and STAMP.read_text() == _source()


def _source() -> str:
    """Changes when the environment has to be made anew."""
    digest = hashlib.sha256()
    described = [LOCK, *(member / "pyproject.toml" for member in _members())]
    for path in described:
        digest.update(str(path).encode() + path.read_bytes())
    return digest.hexdigest()


def _members() -> "list[Path]":
    return sorted(path.parent for top in ("libs", "services") for path in _manifests(top))


def _manifests(top: str) -> "list[Path]":
    return list((ROOT / top).glob("*/pyproject.toml"))


def _run(command: "list[str]", env: "dict[str, str] | None" = None) -> None:
    subprocess.run(command, check=True, env=env, cwd=ROOT)


def _say(text: str) -> None:
    sys.stderr.write(f"  {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
