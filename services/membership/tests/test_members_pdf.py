"""The list of members as a document that people and screen readers can read."""

import io
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import httpx
import pypdf
import pytest
from chassis.testing import TestApp
from membership.views.members import MembersView, MemberView, TotalsView
from membership.views.members_pdf import as_pdf
from pypdf.generic import DictionaryObject
from sqlalchemy import text

from services.membership.tests.conftest import MEMBERS, admitted, read

NOW = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)


def a_member(number: int = 1, **more: Any) -> MemberView:
    plain: dict[str, Any] = {
        "member_number": number,
        "organisation_id": uuid4(),
        "code": f"stadt-{number}",
        "name": f"Stadt {number}",
        "street": "Rathausplatz 1",
        "postcode": "64646",
        "city": "Heppenheim",
        "country": "DE",
        "member_since_on": date(2026, 2, 1),
        "ends_on": None,
        "shares": 4,
        "further_shares": 3,
        "amount_cents": 400_000,
        "balance_cents": 123_456,
    }
    return MemberView(**{**plain, **more})


def a_list(*items: MemberView) -> MembersView:
    totals = TotalsView(
        members=len(items),
        shares=sum(item.shares for item in items),
        amount_cents=sum(item.amount_cents for item in items),
        balance_cents=sum(item.balance_cents for item in items),
    )
    return MembersView(on=date(2026, 12, 31), items=list(items), totals=totals)


def opened(content: bytes) -> tuple[pypdf.PdfReader, str]:
    """The document and the words of all its pages."""
    document = pypdf.PdfReader(io.BytesIO(content))
    return document, "\n".join(page.extract_text() for page in document.pages)


def claims_the_standard(document: pypdf.PdfReader) -> bool:
    """Whether it says that it is PDF/UA-1."""
    root: Any = document.root_object
    return b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data()


def tags(document: pypdf.PdfReader) -> list[str]:
    """The kinds of the elements of its structure, from the root on."""
    found: list[str] = []

    def walk(node: Any) -> None:
        node = node.get_object()
        if isinstance(node, list):
            for child in node:
                walk(child)
        elif isinstance(node, DictionaryObject):
            found.extend([str(node["/S"])] if "/S" in node else [])
            if "/K" in node:
                walk(node["/K"])

    walk(document.root_object["/StructTreeRoot"])
    return found


def test_it_says_day_reason_members_and_sums() -> None:
    members = a_list(
        a_member(1),
        a_member(2, name="Kreis Zwei", ends_on=date(2026, 12, 31), amount_cents=123_456_700),
    )
    document, words = opened(as_pdf(members, "Jahresabschluss", NOW))
    for said in (
        "Mitgliederliste zum 31.12.2026",
        "Stand: 31.12.2026",
        "Anlass der Einsicht: Jahresabschluss",
        "0001", "Stadt 1", "Rathausplatz 1, 64646 Heppenheim", "01.02.2026", "1.234,56",
        "0002", "Kreis Zwei", "1.234.567,00",
        "Summe", "2 Mitglieder", "1.238.567,00", "2.469,12",
        "erstellt am 01.01.2027 um 00:30 Uhr",
        "Seite 1 von 1",
    ):  # fmt: skip
        assert said in words, said
    assert document.metadata is not None
    assert document.metadata.title == "Mitgliederliste zum 31.12.2026"


def test_it_is_tagged_in_german_and_claims_the_standard_for_accessible_documents() -> None:
    document, _ = opened(as_pdf(a_list(a_member()), None, NOW))
    root: Any = document.root_object
    assert root["/Lang"] == "de"
    assert root["/MarkInfo"]["/Marked"].value is True
    assert root["/ViewerPreferences"]["/DisplayDocTitle"].value is True
    assert claims_the_standard(document)
    kinds = tags(document)
    assert kinds.count("/Table") == 1
    assert kinds.count("/TH") == 8
    assert kinds.count("/TR") == 3
    assert {"/THead", "/TBody", "/TFoot"} <= set(kinds)


@pytest.mark.parametrize(
    "name",
    [
        "Große Kreisstadt Übermoos, Äußere Öd, STRAẞE",
        "Łódź, Gdańsk, Żywiec",
        "Tekirdağ, İzmir, Şırnak",
        "Hódmezővásárhely, Győr",
        "České Budějovice, Žďár, Ľubovňa",
        "Vidå, Ærø, Þingvellir, Ðakovo",
        "Șimleu, Țăndărei, Liepāja, Kėdainiai, Õisu",
        "Αθήνα, Πειραιάς",
        "Київ, Ґданськ, Београд, Љубљана",
        "Ħamrun, L’Hospitalet, Coruña, Loulé, Bouère",
        "Երևան, თბილისი",
    ],
)
def test_names_of_every_european_language_can_be_read(name: str) -> None:
    document, words = opened(as_pdf(a_list(a_member(name=name)), None, NOW))
    assert name in words.replace("\n", " ")
    assert claims_the_standard(document)


def test_a_sign_that_no_font_has_does_not_stop_the_list() -> None:
    document, words = opened(as_pdf(a_list(a_member(name="Partnerstadt 名古屋")), None, NOW))
    assert "Partnerstadt" in words
    assert "/Table" in tags(document)
    assert not claims_the_standard(document)


def test_words_are_never_markup() -> None:
    name = '#panic("x") *fett* _kursiv_ $1/2$ `c` <l> @ref // weg \\ ~ #[a] https://a.example'
    _, words = opened(as_pdf(a_list(a_member(name=name)), "#panic()", NOW))
    assert "".join(name.split()) in "".join(words.split())
    assert "Anlass der Einsicht: #panic()" in words


def test_many_members_have_their_heading_on_every_page_and_the_sum_once() -> None:
    document, words = opened(as_pdf(a_list(*(a_member(n) for n in range(1, 201))), None, NOW))
    count = len(document.pages)
    assert count > 5
    assert words.count("Ausscheiden zum") == count
    assert words.count("Summe") == 1
    assert "200 Mitglieder" in document.pages[-1].extract_text()
    for number, page in enumerate(document.pages, start=1):
        assert f"Seite {number} von {count}" in page.extract_text()


def test_a_list_of_nobody_says_so() -> None:
    _, words = opened(as_pdf(a_list(), None, NOW))
    assert "An diesem Tag hatte die Genossenschaft keine Mitglieder." in words


async def test_whoever_wants_a_document_gets_one_and_the_look_is_kept(app: TestApp) -> None:
    who = uuid4()
    asked = {"on": "2026-03-01", "reason": "Prüfung"}
    async with app.http("office") as office:
        id_ = await admitted(office, 800, on="2026-02-01", name="Gemeinde Dokumentenhain")
        number = (await read(office, id_))["membership"]["member_number"]
    async with app.http("auditor", sub=who) as auditor:
        got = await auditor.get(MEMBERS, params=asked, headers={"Accept": "application/pdf"})
    assert (got.status_code, got.headers["content-type"]) == (200, "application/pdf")
    assert got.headers["content-disposition"] == (
        'attachment; filename="mitgliederliste-2026-03-01.pdf"'
    )
    assert got.headers["cache-control"] == "no-store"
    _, words = opened(got.content)
    assert "Gemeinde Dokumentenhain" in words
    assert f"{number:04d}" in words
    async with app.db.reading() as tx:
        sql = text("SELECT on_day::text, reason FROM inspection WHERE who = :who")
        rows = [tuple(row.values()) for row in await tx.rows(sql, {"who": who})]
    assert rows == [("2026-03-01", "Prüfung")]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/pdf", "application/pdf"),
        ("application/pdf, text/csv;q=0.9, */*;q=0.1", "application/pdf"),
        ("text/csv, application/pdf;q=0.9", "text/csv"),
        ("application/json, application/pdf;q=0.5", "application/json"),
        ("*/*", "application/json"),
    ],
)
async def test_the_kind_that_is_wanted_most_is_given(
    office: httpx.AsyncClient, accept: str, kind: str
) -> None:
    answer = await office.get(MEMBERS, headers={"Accept": accept})
    assert answer.headers["content-type"].partition(";")[0] == kind
