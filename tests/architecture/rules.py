"""The rules of the layout, each a function from the root of a tree to what offends it."""

import ast
import gc
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

PLACES = ("libs", "services", "deploy", "tests", "docs", ".ci")
SKIPPED = {".venv", ".run", "node_modules", "__pycache__", "build", "built", "dist", ".git"}
SERVICE_FILES = {
    "__init__",
    "__main__",
    "app",
    "settings",
    "commands",
    "handlers",
    "http",
    "subscribers",
    "store",
    "views",
    "schedule",
    "domain",
    "adapters",
}
"""The dozen. One that passes 300 lines becomes a folder of the same name. `adapters` holds what
speaks a format or a protocol of the outside world: mail, calendars, feeds."""

BANNED_FILES = {"utils", "util", "common", "helpers", "helper", "misc", "manager", "base_service"}
BANNED_WORDS = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
PROGRAMS = (".py", ".css", ".js", ".html", ".sh")
WORDED = {".py", ".md", ".toml", ".yaml", ".yml", ".sh", ".html", ".css", ".js", ".sql", ".conf"}
IMPURE_NAMES = {"uuid1", "uuid4", "utcnow", "urandom", "token_hex", "token_urlsafe"}
IMPURE_MODULES = {"random", "secrets", "time", "asyncio", "threading", "socket", "os"}
IMPURE_CALLS = {"datetime.now", "date.today", "datetime.today", "time.time", "time.monotonic"}
PRODUCER = re.compile(r"\.publish\(|AIOKafkaProducer|\.send_and_wait\(|\.publish_batch\(")
DOMAIN_MODULES = {"catalog", "enrolment", "membership", "notifications", "provider"}
DOMAIN_WORDS = re.compile(
    r"seat|enrol|waitlist|waiting_list|offer|course|tier|share(?:s|holder)?$|invoice|coop|notice|"
    r"quote|cancellation",
    re.IGNORECASE,
)


def _parsed(text: str) -> ast.Module:
    """The tree of a file.

    Without the garbage collector: a greenlet that it ends in the middle (the database driver of an
    earlier test leaves some) makes Python 3.11 lose count of its own depth (SystemError).
    """
    gc.disable()
    try:
        return ast.parse(text)
    finally:
        gc.enable()


def files(root: Path, *endings: str) -> Iterator[Path]:
    """The files of the project below `root`, without what tools leave behind."""
    inside = (path for place in PLACES for path in sorted((root / place).rglob("*")))
    for path in (*sorted(root.glob("*")), *inside):
        left_behind = SKIPPED & set(path.relative_to(root).parts)
        if path.suffix in endings and not left_behind and path.is_file():
            yield path


def is_test(path: Path) -> bool:
    """Whether a file belongs to the tests."""
    return "tests" in path.parts or path.name == "conftest.py"


def _sources(root: Path) -> Iterator[tuple[str, Path, str]]:
    for path in files(root, ".py"):
        yield str(path.relative_to(root)), path, path.read_text("utf-8")


def file_length(root: Path) -> Iterator[str]:
    """A file has at most 300 lines, tests and what browsers get as well."""
    for path in files(root, *PROGRAMS):
        if (lines := len(path.read_text("utf-8").splitlines())) > 300:
            yield f"{path.relative_to(root)}: {lines} lines, at most 300"


def line_length(root: Path) -> Iterator[str]:
    """A line has at most 100 columns."""
    for name, _, text in _sources(root):
        for number, line in enumerate(text.splitlines(), 1):
            if len(line) > 100:
                yield f"{name}:{number}: {len(line)} columns"


def functions(root: Path) -> Iterator[str]:
    """A function has at most 40 lines and 6 parameters (tests may ask for more fixtures)."""
    for name, path, text in _sources(root):
        for node in ast.walk(_parsed(text)):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > 40:
                yield f"{name}:{node.lineno}: {node.name} has {lines} lines"
            if (count := _parameters(node)) > 6 and not is_test(path.relative_to(root)):
                yield f"{name}:{node.lineno}: {node.name} has {count} parameters"


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    given = node.args
    names = [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    further = sum(one is not None for one in (given.vararg, given.kwarg))
    return len([one for one in names if one not in ("self", "cls")]) + further


def file_names(root: Path) -> Iterator[str]:
    """No file is named after having no subject."""
    for path in files(root, *WORDED):
        name = path.relative_to(root)
        if name.stem.lower() in BANNED_FILES or name.parent.name.lower() in BANNED_FILES:
            yield f"{name}: say what it is about"


def words(root: Path) -> Iterator[str]:
    """Nothing is left for later in a comment."""
    for path in files(root, *WORDED):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if found := BANNED_WORDS.search(line):
                yield f"{path.relative_to(root)}:{number}: {found[0]}"


def pure_domain(root: Path) -> Iterator[str]:
    """Time, ids and randomness are arguments of the domain; it does no I/O."""
    for name, path, text in _sources(root):
        if "domain" not in path.relative_to(root).parts or is_test(path.relative_to(root)):
            continue
        for node in ast.walk(_parsed(text)):
            if found := _impure(node):
                yield f"{name}:{getattr(node, 'lineno', 0)}: {found}"


def _impure(node: ast.AST) -> str:
    match node:
        case ast.Import(names=names):
            return next((one.name for one in names if one.name in IMPURE_MODULES), "")
        case ast.ImportFrom(module=str(module), names=names):
            if module.split(".")[0] in IMPURE_MODULES:
                return module
            return next((one.name for one in names if one.name in IMPURE_NAMES), "")
        case ast.Attribute():
            written = ast.unparse(node)
            return (
                written
                if ".".join(written.split(".")[-2:]) in IMPURE_CALLS
                else (node.attr if node.attr in IMPURE_NAMES else "")
            )
        case ast.AsyncFunctionDef(name=name) | ast.Name(id=("uuid4" | "uuid1") as name):
            return name
    return ""


def only_the_relay_publishes(root: Path) -> Iterator[str]:
    """Nothing but the relay of the chassis sends to Kafka."""
    for name, path, text in _sources(root):
        ours = name.startswith(("services/", "libs/contracts/"))
        if ours and not is_test(path.relative_to(root)):
            for number, line in enumerate(text.splitlines(), 1):
                if found := PRODUCER.search(line):
                    yield f"{name}:{number}: {found[0]}"


def service_files(root: Path) -> Iterator[str]:
    """Every service has the same file names; it may lack some."""
    for package in _packages(root):
        for path in sorted(package.rglob("*.py")):
            first = path.relative_to(package).parts[0].removesuffix(".py")
            if first not in SERVICE_FILES:
                yield f"{path.relative_to(root)}: not one of the agreed names"


def _packages(root: Path) -> list[Path]:
    found = [folder / folder.name for folder in sorted((root / "services").glob("*"))]
    return [package for package in found if package.is_dir() and package.name != "portal"]


def no_text_twice(root: Path) -> Iterator[str]:
    """Two services share no more than 15 equal lines in a row; imports and blanks left out."""
    seen: dict[tuple[str, ...], tuple[str, str]] = {}
    told = set()
    for name, _, text in _sources(root):
        if not name.startswith("services/"):
            continue
        service = name.split("/")[1]
        lines = _telling_lines(text)
        for start in range(len(lines) - 15):
            other, where = seen.setdefault(tuple(lines[start : start + 16]), (service, name))
            if other != service and (name, where) not in told:
                told.add((name, where))
                yield f"{name}: 16 lines as in {where}, beginning with {lines[start]!r}"


def _telling_lines(text: str) -> list[str]:
    imports = {
        number
        for node in ast.walk(_parsed(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    lines = enumerate(text.splitlines(), 1)
    return [line.strip() for number, line in lines if line.strip() and number not in imports]


def contracts_imports(root: Path) -> Iterator[str]:
    """What services say to each other needs pydantic and the standard library, nothing else."""
    allowed = sys.stdlib_module_names | {"pydantic", "contracts"}
    for path in sorted((root / "libs/contracts/contracts").rglob("*.py")):
        for node in ast.walk(_parsed(path.read_text("utf-8"))):
            for module in _imported(node):
                if module.split(".")[0] not in allowed:
                    yield f"{path.relative_to(root)}: imports {module}"


def _imported(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [one.name for one in names]
        case ast.ImportFrom(module=str(module), level=0):
            return [module]
    return []


def chassis_words(root: Path) -> Iterator[str]:
    """No word of the domain stands in a name of the chassis, none of its events is imported."""
    for path in sorted((root / "libs/chassis/chassis").rglob("*.py")):
        name = path.relative_to(root)
        for node in ast.walk(_parsed(path.read_text("utf-8"))):
            for module in _imported(node):
                first, *rest = module.split(".")
                if first == "contracts" and DOMAIN_MODULES & set(rest):
                    yield f"{name}: imports {module}"
            if DOMAIN_WORDS.search(written := _name_in(node)):
                yield f"{name}:{getattr(node, 'lineno', 0)}: {written}"


def _name_in(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
            return name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.keyword(arg=str(name)):
            return name
    return ""


RULES: dict[str, Callable[[Path], Iterator[str]]] = {
    rule.__name__: rule
    for rule in (
        file_length,
        line_length,
        functions,
        file_names,
        words,
        pure_domain,
        only_the_relay_publishes,
        service_files,
        no_text_twice,
        contracts_imports,
        chassis_words,
    )
}
