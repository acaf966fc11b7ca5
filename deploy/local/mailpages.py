"""The web door of the mail sink: a page for people, JSON for tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from deploy.local.mailbox import Entry, Mailbox

if TYPE_CHECKING:
    from deploy.local.mailsink import Faults

SHOWN = 200  # mails on the page; the JSON has all
PAGE_CSP = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self'"
# a mail may bring anything: no script, no form, nothing fetched from anywhere
MAIL_CSP = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
STYLE = """
:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;
margin:0 auto;padding:1.5rem}h1{font-size:1.4rem}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.4rem .6rem;border-bottom:1px solid #8885;vertical-align:top;
overflow-wrap:anywhere}iframe{width:100%;height:32rem;border:1px solid #8885;background:#fff}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#8881;padding:1rem;margin:0}
summary{cursor:pointer;padding:.4rem 0;font-weight:600}input{font:inherit;padding:.2rem .4rem}
"""


def application(mailbox: Mailbox, faults: Faults) -> Starlette:
    """All routes. Only loopback names are served, so that no web page can rebind its way in."""
    doors = Doors(mailbox, faults)
    return Starlette(
        routes=[
            Route("/", doors.list_page),
            Route("/messages", doors.messages),
            Route("/messages", doors.delete, methods=["DELETE"]),
            Route("/messages/{mail_id}", doors.message),
            Route("/mails/{mail_id}", doors.mail_page),
            Route("/mails/{mail_id}/html", doors.mail_html),
            Route("/faults", doors.show_faults),
            Route("/faults", doors.set_faults, methods=["POST"]),
        ],
        middleware=[
            Middleware(
                TrustedHostMiddleware,
                allowed_hosts=["127.0.0.1", "localhost", "mailsink"],
                www_redirect=False,
            )
        ],
    )


class Doors:
    """The handlers; each is one route above."""

    def __init__(self, mailbox: Mailbox, faults: Faults) -> None:
        self._mailbox = mailbox
        self._faults = faults

    async def messages(self, request: Request) -> Response:
        """All mails, newest last; `?to=` one recipient, `?since=` an instant (RFC 3339)."""
        lines = [self._mailbox.line(entry) for entry in self._chosen(request.query_params)]
        return Response(b"[" + b",".join(lines) + b"]", media_type="application/json")

    async def message(self, request: Request) -> Response:
        """One mail as JSON."""
        return JSONResponse(self._mail(request))

    async def delete(self, _: Request) -> Response:
        """Forget all mails."""
        self._mailbox.clear()
        return Response(status_code=204)

    async def show_faults(self, _: Request) -> Response:
        """What will go wrong next."""
        return JSONResponse({"mode": self._faults.mode, "count": self._faults.count})

    async def set_faults(self, request: Request) -> Response:
        """Order faults: `{"mode": "450", "count": 3, "to": "anna"}`; a count of 0 ends them."""
        if not request.headers.get("content-type", "").startswith("application/json"):
            raise HTTPException(415, "send application/json")
        try:
            order = json.loads(await request.body())
            to = str(order.get("to", ""))
            self._faults.set(str(order["mode"]), int(order.get("count", 1)), to)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise HTTPException(400, f"not an order: {error}") from error
        return await self.show_faults(request)

    async def list_page(self, request: Request) -> Response:
        """The newest mails."""
        to = request.query_params.get("to", "")
        entries = self._mailbox.entries(to)
        rows = "".join(_row(entry) for entry in reversed(entries[-SHOWN:]))
        table = (
            "<table><thead><tr><th>Received</th><th>To</th><th>Subject</th></tr></thead>"
            f"<tbody>{rows}</tbody></table>"
            if rows
            else "<p>No mail yet.</p>"
        )
        search = (
            f'<form><label>To <input name="to" value="{escape(to)}" autocomplete="off"></label> '
            '<button>Show</button> <a href="/messages">as JSON</a></form>'
        )
        shown = f"{len(entries)} mails" + (
            f", the newest {SHOWN} shown" if len(entries) > SHOWN else ""
        )
        return _page("Mail sink", f"<p>{shown}</p>{search}{table}")

    async def mail_page(self, request: Request) -> Response:
        """One mail: HTML (sandboxed), text, calendar, headers."""
        mail = self._mail(request)
        blocks = [f"<p>From {escape(mail['from'])} to {escape(', '.join(mail['to']))}</p>"]
        if mail["html"]:
            source = f"/mails/{escape(mail['id'])}/html"
            blocks.append(f'<iframe sandbox title="HTML of the mail" src="{source}"></iframe>')
        headers = "\n".join(f"{name}: {value}" for name, value in mail["headers"].items())
        folds = [("Text", mail["text"]), ("Calendar", mail["calendar"]), ("Headers", headers)]
        blocks += [
            f"<details{' open' if name == 'Text' and not mail['html'] else ''}>"
            f"<summary>{name}</summary><pre>{escape(text)}</pre></details>"
            for name, text in folds
            if text
        ]
        blocks.append('<p><a href="/">All mails</a></p>')
        return _page(mail["subject"] or "(no subject)", "".join(blocks))

    async def mail_html(self, request: Request) -> Response:
        """The HTML of a mail, as it came, for the frame."""
        return HTMLResponse(
            self._mail(request)["html"] or "",
            headers={"content-security-policy": MAIL_CSP, "x-content-type-options": "nosniff"},
        )

    def _mail(self, request: Request) -> dict[str, Any]:
        mail = self._mailbox.get(request.path_params["mail_id"])
        if mail is None:
            raise HTTPException(404, "no such mail")
        return mail

    def _chosen(self, query: Mapping[str, str]) -> list[Entry]:
        since = query.get("since", "").replace(" ", "+")  # a bare + of an offset arrives as space
        try:
            instant = datetime.fromisoformat(since) if since else None
        except ValueError as error:
            raise HTTPException(400, "since is an RFC 3339 instant") from error
        if instant is not None and instant.tzinfo is None:
            instant = instant.replace(tzinfo=UTC)
        return self._mailbox.entries(query.get("to", ""), instant)


def _row(entry: Entry) -> str:
    received = entry.received_at.strftime("%Y-%m-%d %H:%M:%S UTC")
    return (
        f"<tr><td>{received}</td><td>{escape(', '.join(entry.to))}</td>"
        f'<td><a href="/mails/{escape(entry.id)}">{escape(entry.subject or "(no subject)")}</a>'
        "</td></tr>"
    )


def _page(title: str, body: str) -> HTMLResponse:
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><h1>{escape(title)}</h1>{body}</body></html>"
    )
    return HTMLResponse(
        page, headers={"content-security-policy": PAGE_CSP, "x-content-type-options": "nosniff"}
    )
