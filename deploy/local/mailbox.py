"""What the mail sink keeps: parsed mails, one JSON line each, in a bounded file.

Only a short index stays in memory; a mail is read from the file when somebody looks at it.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import Message
from pathlib import Path
from typing import Any

CALENDAR_TYPES = {"text/calendar", "application/ics"}
KEPT = 20_000
"""Mails; `KC_MAILS_KEPT` for whoever has to know of all that were sent."""


@dataclass(frozen=True)
class Entry:
    """One line of the index: what a list shows, and where the whole mail lies."""

    id: str
    received_at: datetime
    sender: str
    to: tuple[str, ...]
    subject: str
    offset: int
    length: int


class Mailbox:
    """The mails of one copy. Survives a kill at any moment; a half-written last line is cut.

    Written to the operating system before `add` returns, not forced to the disk: this is a sink
    for development, a power cut may take the last mails.
    """

    def __init__(self, path: Path, limit: int = KEPT) -> None:
        """`limit`: how many mails are kept at least; the oldest go a tenth later."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._limit = limit
        self._entries: list[Entry] = []
        self._by_id: dict[str, Entry] = {}
        self._file = self._open()
        self._size = 0
        self._load()

    def add(self, raw: bytes, sender: str, to: Sequence[str], now: datetime) -> str:
        """Parse and keep a mail; returns its id. OSError if it cannot be written."""
        mail = {
            "id": str(uuid.uuid4()),
            "received_at": now.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
            "from": sender,
            "to": list(to),
            **parse(raw),
        }
        line = json.dumps(mail).encode() + b"\n"
        try:
            _write(self._file, line)
        except OSError:
            os.ftruncate(self._file, self._size)  # no half a line in front of the next mail
            raise
        self._remember(mail, self._size, len(line))
        self._size += len(line)
        if len(self._entries) > self._limit * 1.1:
            self._drop_oldest()
        return str(mail["id"])

    def entries(self, to: str = "", since: datetime | None = None) -> list[Entry]:
        """The index, newest last; of one recipient, from an instant on."""
        wanted = to.casefold()
        return [
            entry
            for entry in self._entries
            if (not wanted or any(address.casefold() == wanted for address in entry.to))
            and (since is None or entry.received_at >= since)
        ]

    def line(self, entry: Entry) -> bytes:
        """The whole mail as JSON."""
        return os.pread(self._file, entry.length - 1, entry.offset)

    def get(self, mail_id: str) -> dict[str, Any] | None:
        """The whole mail, or None."""
        entry = self._by_id.get(mail_id)
        return None if entry is None else json.loads(self.line(entry))

    def clear(self) -> None:
        """Forget all mails."""
        os.ftruncate(self._file, 0)
        self._entries, self._by_id, self._size = [], {}, 0

    def close(self) -> None:
        """Give the file back."""
        os.close(self._file)

    def _open(self) -> int:
        return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)

    def _load(self) -> None:
        with self._path.open("rb") as file:
            for line in file:
                try:
                    mail = json.loads(line)
                    self._remember(mail, self._size, len(line))
                except (ValueError, KeyError, TypeError):
                    if not line.endswith(b"\n"):
                        break
                self._size += len(line)
        os.ftruncate(self._file, self._size)

    def _remember(self, mail: dict[str, Any], offset: int, length: int) -> None:
        entry = Entry(
            id=mail["id"],
            received_at=datetime.fromisoformat(mail["received_at"]),
            sender=mail["from"],
            to=tuple(mail["to"]),
            subject=mail["subject"],
            offset=offset,
            length=length,
        )
        self._entries.append(entry)
        self._by_id[entry.id] = entry

    def _drop_oldest(self) -> None:
        """Write the newest `limit` mails to a new file and put it in place of the old one."""
        kept = self._entries[-self._limit :]
        new = self._path.with_suffix(".new")
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            for entry in kept:
                _write(handle, self.line(entry) + b"\n")
        finally:
            os.close(handle)
        new.replace(self._path)
        os.close(self._file)
        self._file = self._open()
        self._entries, self._by_id, self._size = [], {}, 0
        self._load()


def _write(handle: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]


def parse(raw: bytes) -> dict[str, Any]:
    """`subject`, `headers`, `text`, `html`, `calendar` of a mail, whatever is wrong with it."""
    message = message_from_bytes(raw, policy=policy.default)
    headers: dict[str, str] = {}
    for name, value in _headers(message):
        headers[name] = f"{headers[name]}\n{value}" if name in headers else value
    bodies: dict[str, str | None] = {"text": None, "html": None, "calendar": None}
    for kind, text in _bodies(message):
        if bodies[kind] is None:
            bodies[kind] = text
    lower = {name.lower(): value for name, value in headers.items()}
    return {"subject": lower.get("subject", ""), "headers": headers, **bodies}


def _headers(message: Message) -> Iterator[tuple[str, str]]:
    for name, raw in message.raw_items():
        try:
            value = str(policy.default.header_fetch_parse(name, raw))
        except Exception:  # noqa: BLE001 - the parser of the standard library raises many kinds
            value = str(raw)
        yield _plain(name), _plain(value)


def _bodies(message: Message) -> Iterator[tuple[str, str]]:
    for part in message.walk():
        try:
            kind = _kind(part)
            payload = part.get_payload(decode=True) if kind else None
        except Exception:  # noqa: BLE001 - a broken part must not hide the others
            kind, payload = "", None
        if kind and isinstance(payload, bytes):
            yield kind, _decoded(payload, part)


def _kind(part: Message) -> str:
    content_type = part.get_content_type()
    if content_type in CALENDAR_TYPES:
        return "calendar"
    if part.get_content_disposition() == "attachment":
        return ""
    return {"text/plain": "text", "text/html": "html"}.get(content_type, "")


def _decoded(payload: bytes, part: Message) -> str:
    try:
        text = payload.decode(part.get_content_charset() or "utf-8", "replace")
    except Exception:  # noqa: BLE001 - a charset nobody knows, or no charset at all
        text = payload.decode("utf-8", "replace")
    return _plain(text)


def _plain(text: str) -> str:
    """Without the lone surrogates by which Python carries undecodable bytes."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
