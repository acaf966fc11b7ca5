"""The mail sink over real SMTP and HTTP."""

from __future__ import annotations

import smtplib
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local import mailsink
from deploy.local.mailbox import Mailbox
from deploy.local.settings import Settings
from deploy.local.tests.free_ports import spare_settings


@contextmanager
def running(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """The sink as a process of its own."""
    part = mailsink.part(settings)
    process = subprocess.Popen(part.command, env=dict(part.env))
    try:
        deadline = time.monotonic() + 20
        while not part.ready():
            assert process.poll() is None
            assert time.monotonic() < deadline, "the mail sink did not start"
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def sink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    settings = spare_settings(tmp_path_factory.mktemp("mail"))
    with running(settings):
        yield settings


@pytest.fixture(autouse=True)
def _empty(request: pytest.FixtureRequest) -> None:
    if "sink" in request.fixturenames:
        settings = request.getfixturevalue("sink")
        assert httpx.delete(f"{settings.url('mail')}/messages").status_code == 204
        order(settings, "450", 0)


def order(settings: Settings, mode: str, count: int, to: str = "") -> None:
    """Order faults."""
    body = {"mode": mode, "count": count, "to": to}
    answer = httpx.post(f"{settings.url('mail')}/faults", json=body)
    assert answer.status_code == 200, answer.text


def send(settings: Settings, mail: EmailMessage | bytes, to: str = "anna@kreis.example") -> None:
    """Deliver over SMTP."""
    raw = mail if isinstance(mail, bytes) else mail.as_bytes(policy=SMTP)
    with smtplib.SMTP("127.0.0.1", settings.ports["smtp"], timeout=5) as client:
        client.sendmail("campus@kommunalcampus.example", [to], raw)


def kept(settings: Settings, **query: str) -> list[dict[str, Any]]:
    """What `/messages` says."""
    answer = httpx.get(f"{settings.url('mail')}/messages", params=query)
    assert answer.status_code == 200, answer.text
    return list(answer.json())


def a_mail(subject: str = "Ihr Platz ist bestätigt") -> EmailMessage:
    """A confirmation as notifications sends it: text, HTML, calendar."""
    mail = EmailMessage()
    mail["Subject"] = subject
    mail["From"] = "KommunalCampus <campus@kommunalcampus.example>"
    mail["To"] = "Änne Größer <anna@kreis.example>"
    mail["Message-ID"] = "<1@kommunalcampus.example>"
    mail.set_content("Guten Tag, Ihr Platz in „Vergaberecht“ ist bestätigt.")
    mail.add_alternative("<p>Guten Tag, <b>bestätigt</b><script>x()</script></p>", subtype="html")
    mail.add_attachment(
        b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n",
        maintype="text",
        subtype="calendar",
        filename="termin.ics",
    )
    return mail


def test_a_mail_with_umlauts_html_and_calendar_appears(sink: Settings) -> None:
    send(sink, a_mail())
    (mail,) = kept(sink)
    assert list(mail) == [
        "id",
        "received_at",
        "from",
        "to",
        "subject",
        "headers",
        "text",
        "html",
        "calendar",
    ]
    assert mail["subject"] == "Ihr Platz ist bestätigt"
    assert (mail["from"], mail["to"]) == ("campus@kommunalcampus.example", ["anna@kreis.example"])
    assert "„Vergaberecht“" in mail["text"]
    assert "<b>bestätigt</b>" in mail["html"]
    assert "METHOD:REQUEST" in mail["calendar"]
    assert mail["headers"]["Message-ID"] == "<1@kommunalcampus.example>"
    assert "Änne Größer" in mail["headers"]["To"]
    received = datetime.fromisoformat(mail["received_at"])
    assert abs(datetime.now(UTC) - received) < timedelta(seconds=30)


def test_the_newest_mail_stands_last_and_filters_choose(sink: Settings) -> None:
    send(sink, a_mail("eins"))
    send(sink, a_mail("zwei"), to="Paul@kreis.example")
    assert [mail["subject"] for mail in kept(sink)] == ["eins", "zwei"]
    assert [mail["subject"] for mail in kept(sink, to="paul@KREIS.example")] == ["zwei"]
    first = kept(sink)[0]
    assert len(kept(sink, since=first["received_at"])) == 2
    assert kept(sink, since="2199-01-01T00:00:00+01:00") == []
    assert httpx.get(f"{sink.url('mail')}/messages?since=never").status_code == 400


def test_a_mail_that_was_accepted_survives_a_kill(tmp_path: Path) -> None:
    settings = spare_settings(tmp_path)
    with running(settings) as process:
        send(settings, a_mail("bleibt"))
        process.kill()
    with (tmp_path / "mail" / "mails.jsonl").open("ab") as file:
        file.write(b'{"id": "half a li')  # a kill in the middle of a write
    with running(settings):
        send(settings, a_mail("danach"))
        assert [mail["subject"] for mail in kept(settings)] == ["bleibt", "danach"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no headers at all, no blank line",
        b"Subject: =?utf-8?q?=FF=FE?=\r\nContent-Type: text/plain; charset=klingon\r\n\r\n\xff\xfe",
        b"Content-Type: multipart/mixed\r\n\r\n--nothing--",
        b"Content-Type: text/html; charset=\xff\r\nTo: <<>>,,@\r\nDate: yesterday\r\n\r\n<p>\x80",
        b"Subject: \xc3\xa4\xff\r\nSubject: two\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%",
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n--a\r\nX\r\n\r\n--a--",
    ],
)
def test_a_broken_mail_is_kept_and_nothing_dies(sink: Settings, raw: bytes) -> None:
    send(sink, raw)
    send(sink, a_mail("heil"))
    assert [mail["subject"] for mail in kept(sink)][1:] == ["heil"]
    for mail in kept(sink):
        assert httpx.get(f"{sink.url('mail')}/mails/{mail['id']}").status_code == 200


def test_the_page_shows_a_mail_without_running_it(sink: Settings) -> None:
    send(sink, a_mail("<script>alert(1)</script>"))
    (mail,) = kept(sink)
    listed = httpx.get(f"{sink.url('mail')}/")
    assert "&lt;script&gt;alert(1)" in listed.text
    assert "<script" not in listed.text
    page = httpx.get(f"{sink.url('mail')}/mails/{mail['id']}")
    assert "<iframe sandbox" in page.text
    assert "METHOD:REQUEST" in page.text
    body = httpx.get(f"{sink.url('mail')}/mails/{mail['id']}/html")
    assert body.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    for answer in (listed, page):
        assert "script-src" not in answer.headers["content-security-policy"]
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_no_foreign_name_is_served(sink: Settings) -> None:
    answer = httpx.get(f"{sink.url('mail')}/messages", headers={"host": "evil.example"})
    assert answer.status_code == 400


@pytest.mark.parametrize(("mode", "code"), [("450", 450), ("550", 550), ("421", 421)])
def test_it_refuses_on_command_and_then_no_more(sink: Settings, mode: str, code: int) -> None:
    order(sink, mode, 1)
    with pytest.raises(smtplib.SMTPResponseException) as refused:
        send(sink, a_mail())
    assert refused.value.smtp_code == code
    send(sink, a_mail("danach"))
    assert [mail["subject"] for mail in kept(sink)] == ["danach"]


def test_it_can_refuse_one_recipient_and_take_the_mails_of_others(sink: Settings) -> None:
    order(sink, "550", 1, to="anna@")
    send(sink, a_mail("an Paul"), to="paul@kreis.example")
    with pytest.raises(smtplib.SMTPResponseException):
        send(sink, a_mail())
    send(sink, a_mail("danach"))
    assert [mail["subject"] for mail in kept(sink)] == ["an Paul", "danach"]


@pytest.mark.parametrize(("mode", "copies"), [("drop", 0), ("lost-answer", 1)])
def test_it_breaks_the_connection_on_command(sink: Settings, mode: str, copies: int) -> None:
    order(sink, mode, 1)
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        send(sink, a_mail())
    assert len(kept(sink)) == copies


def test_it_can_keep_a_sender_waiting(sink: Settings) -> None:
    order(sink, "hang", 1)
    with smtplib.SMTP("127.0.0.1", sink.ports["smtp"], timeout=0.5) as client:
        with pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)):
            client.sendmail("a@b.example", ["c@d.example"], b"Subject: x\r\n\r\n")
        client.close()
    send(sink, a_mail("danach"))
    assert [mail["subject"] for mail in kept(sink)] == ["danach"]


def test_a_wrong_order_is_refused(sink: Settings) -> None:
    url = f"{sink.url('mail')}/faults"
    for wrong in ({"mode": "explode"}, {"count": 1}, {"mode": "450", "count": -1}, [1]):
        assert httpx.post(url, json=wrong).status_code == 400
    assert httpx.post(url, content=b'{"mode": "450"}').status_code == 415
    assert httpx.get(url).json() == {"mode": "", "count": 0}


def test_only_so_many_mails_are_kept(tmp_path: Path) -> None:
    box = Mailbox(tmp_path / "mails.jsonl", limit=20)
    for number in range(50):
        box.add(
            f"Subject: {number}\r\n\r\n".encode(), "a@b.example", ["c@d.example"], datetime.now(UTC)
        )
    subjects = [entry.subject for entry in box.entries()]
    assert 20 <= len(subjects) <= 22
    assert subjects[-1] == "49"
    last = box.get(box.entries()[-1].id)
    assert last is not None
    assert last["subject"] == "49"
    box.close()


def test_how_many_are_kept_can_be_told(tmp_path: Path) -> None:
    settings = spare_settings(tmp_path, KC_MAILS_KEPT="1")
    with running(settings):
        for subject in ("eins", "zwei", "drei"):
            send(settings, a_mail(subject))
        assert [mail["subject"] for mail in kept(settings)] == ["drei"]
