"""Everything that a filter shows is put back in one go: a page, a trial, the deed."""

import json
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import httpx
from portal.pages.dead_letters import SERVICES

from services.portal.tests.stand_in import Browser, Services

PAGE = "/betrieb/nachrichten/einspielen"
SEALED = re.compile(r'name="nachrichten" value="([^"]+)"')
KEY = re.compile(r'name="schluessel" value="([^"]+)"')


def letter(reason: str = "invalid", topic: str = "catalog.runs") -> dict[str, Any]:
    return {
        "id": str(uuid4()), "topic": topic, "partition": 2, "offset": 4, "reason": reason,
        "detail": "", "attempts": 1, "state": "dead", "key": uuid4().hex[:8],
        "buried_at": "2027-01-15T08:00:00Z", "settled_at": None,
    }  # fmt: skip


class House:
    """Services that have set messages aside; who is not named in `letters` is down."""

    def __init__(self, **letters: list[dict[str, Any]]) -> None:
        self.known = Services()
        self.put_back: list[tuple[str, httpx.Request]] = []
        """What reached a service."""
        self.outcomes: dict[str, Any] = {}
        """By id: the outcome and the error of each message, `handled` where nothing is said."""
        self.along: dict[str, list[str]] = {}
        self.refusing = ""
        """A service that knows one of the messages no more."""
        for name in SERVICES:
            self.listed(name, letters.get(name, []))

    def listed(self, name: str, items: list[dict[str, Any]]) -> None:
        """What a service has set aside, and that it answers."""
        path = f"/api/{name}/dead-letters"
        page: dict[str, Any] = {"items": items, "open": {}, "next_cursor": None}
        self.known.answers["GET", path] = page

    def down(self, name: str) -> None:
        """It answers nothing any more."""
        for method, path in list(self.known.answers):
            if path.startswith(f"/api/{name}/"):
                del self.known.answers[method, path]

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        service = request.url.path.split("/")[2]
        up = ("GET", f"/api/{service}/dead-letters") in self.known.answers
        if request.method == "POST" and up:
            self.put_back.append((service, request))
            if service == self.refusing:
                return httpx.Response(404, json={"code": "not-found", "detail": "", "status": 404})
            ids = json.loads(request.content)["ids"]
            return httpx.Response(200, json={"dry_run": False, "results": self._told(ids)})
        return self.known(request)

    def _told(self, ids: list[str]) -> list[dict[str, Any]]:
        return [
            {"ids": [id_, *self.along.get(id_, [])], "outcome": outcome, "error": error}
            for id_ in ids
            for outcome, error in [self.outcomes.get(id_, ("handled", None))]
        ]

    def sent(self, service: str) -> list[tuple[Mapping[str, str], dict[str, Any]]]:
        """The query and the body of what was put back there."""
        found = [each for name, each in self.put_back if name == service]
        return [(dict(each.url.params), json.loads(each.content)) for each in found]


def fields(text: str, **more: str) -> dict[str, str]:
    """The fields of the form on a page, with others."""
    sealed, key = SEALED.search(text), KEY.search(text)
    assert sealed
    assert key
    return {"nachrichten": sealed[1], "schluessel": key[1], **more}


def do(text: str, **more: str) -> dict[str, str]:
    """The form that does it."""
    return fields(text, tun="einspielen", begruendung="In 1.4 behoben", **more)


async def test_the_page_says_what_will_happen_to_what_the_filter_shows() -> None:
    two = [letter(), letter("handler-failed", "membership.quotes")]
    house = House(enrolment=two, notifications=[letter()])
    house.down("catalog")
    answer = await Browser(house, "ops").get(f"{PAGE}?grund=invalid&topic=catalog.runs")
    assert answer.status_code == 200
    said = re.sub(r"</?code>|\s+", " ", answer.text)
    assert (
        "3 Nachrichten aus  catalog.runs ,  membership.quotes  ( invalid ,  handler-failed )"
        in (said)
    )
    assert "höchstens 50 in der Sekunde" in said
    assert "Der Dienst catalog antwortet nicht." in said
    assert "Auf einmal" not in said
    (asked,) = house.known.sent("/api/enrolment/dead-letters")
    assert (asked.url.params["reason"], asked.url.params["topic"]) == ("invalid", "catalog.runs")
    assert house.sent("enrolment") == []


async def test_the_list_leads_there_with_its_filter_but_not_with_what_is_settled() -> None:
    browser = Browser(House(enrolment=[letter()]), "ops")
    link = f'href="{PAGE}?dienst=enrolment&amp;grund=invalid"'
    page = await browser.get("/betrieb/nachrichten?dienst=enrolment&grund=invalid")
    assert link in page.text
    assert "Alle gefilterten erneut einspielen" in page.text
    page = await browser.get("/betrieb/nachrichten?stand=verworfen")
    assert PAGE not in page.text
    assert (await browser.get(f"{PAGE}?stand=verworfen")).status_code == 303
    assert (await Browser(House(), "ops").get(PAGE)).status_code == 303


async def test_more_than_fit_into_one_go_are_left_and_the_page_says_so() -> None:
    house = House(enrolment=[letter() for _ in range(40)], membership=[letter() for _ in range(11)])
    browser = Browser(house, "ops")
    page = (await browser.get(PAGE)).text
    assert "Auf einmal lassen sich höchstens 50 Nachrichten einspielen" in page
    await browser.post(PAGE, **fields(page))
    chosen = [len(house.sent(name)[0][1]["ids"]) for name in ("enrolment", "membership")]
    assert chosen == [40, 10]


async def test_a_trial_tells_of_each_message_and_the_deed_needs_a_reason() -> None:
    good, bad = letter(), letter()
    house = House(enrolment=[good, bad])
    house.outcomes[bad["id"]] = ("failed", "KeyError")
    house.along[good["id"]] = [str(uuid4()), str(uuid4())]
    browser = Browser(house, "ops")
    page = await browser.post(PAGE, **fields((await browser.get(PAGE)).text))
    assert page.status_code == 200
    assert "Verarbeitet würden: 3. Wieder zurückgestellt würden: 1." in page.text
    assert page.text.index("Würde verarbeitet") < page.text.index("Würde wieder zurückgestellt<")
    assert "<code>KeyError</code>" in page.text
    assert "und 2 weitere desselben Schlüssels" in page.text
    assert "4 Nachrichten einspielen" in page.text
    ids = [good["id"], bad["id"]]
    assert house.sent("enrolment") == [({"dry_run": "true"}, {"ids": ids, "reason": "replay"})]
    refused = await browser.post(PAGE, **fields(page.text, tun="einspielen", begruendung=" "))
    assert refused.status_code == 422
    assert "Geben Sie eine Begründung an" in refused.text
    assert "<code>KeyError</code>" in refused.text
    assert len(house.sent("enrolment")) == 1
    done = await browser.post(PAGE, **do(refused.text))
    assert done.status_code == 200
    assert "Erneut eingespielte Nachrichten: 3" in done.text
    assert "Weiter zurückgestellt: 1. Nicht versucht: 0." in done.text
    assert "Noch einmal senden" not in done.text
    assert house.sent("enrolment")[1:] == [({}, {"ids": ids, "reason": "In 1.4 behoben"})]


async def test_a_second_click_is_told_what_the_first_one_did() -> None:
    some = [letter(), letter()]
    house = House(enrolment=some)
    browser = Browser(house, "ops")
    page = await browser.post(PAGE, **fields((await browser.get(PAGE)).text))
    form = do(page.text)
    first = await browser.post(PAGE, **form)
    house.outcomes = {each["id"]: ("replayed", None) for each in some}
    second = await browser.post(PAGE, **form)
    for answer in (first, second):
        assert "Erneut eingespielte Nachrichten: 2" in answer.text
    keys = {each.headers["Idempotency-Key"] for _, each in house.put_back[1:]}
    assert keys == {form["schluessel"]}
    assert UUID(form["schluessel"])


async def test_a_service_that_is_down_takes_only_its_own_messages_with_it() -> None:
    mine, others = letter(), letter()
    house = House(enrolment=[mine], membership=[others])
    browser = Browser(house, "ops")
    page = await browser.post(PAGE, **fields((await browser.get(PAGE)).text))
    house.down("membership")
    done = await browser.post(PAGE, **do(page.text))
    assert (done.status_code, done.headers["Retry-After"]) == (503, "60")
    assert "Erneut eingespielte Nachrichten: 1" in done.text
    assert "Nicht versucht: 1." in done.text
    assert "Der Dienst membership antwortet nicht." in done.text
    assert others["id"] in done.text
    house.listed("membership", [others])
    again = await browser.post(PAGE, **do(done.text, **{"noch-einmal": "ja"}))
    assert again.status_code == 200
    assert "Erneut eingespielte Nachrichten: 1" in again.text
    assert (len(house.sent("enrolment")), len(house.sent("membership"))) == (2, 2)


async def test_what_the_trial_could_not_try_is_not_done_unseen() -> None:
    mine, others = letter(), letter()
    house = House(enrolment=[mine], membership=[others])
    browser = Browser(house, "ops")
    page = await browser.get(PAGE)
    house.down("membership")
    tried = await browser.post(PAGE, **fields(page.text))
    assert tried.status_code == 503
    assert "Der Dienst membership antwortet nicht." in tried.text
    assert "1 Nachricht einspielen" in tried.text
    house.listed("membership", [others])
    await browser.post(PAGE, **do(tried.text))
    assert (len(house.sent("enrolment")), len(house.sent("membership"))) == (2, 0)


async def test_a_service_that_refuses_hides_nothing_of_what_the_others_did() -> None:
    mine, others = letter(), letter()
    house = House(enrolment=[mine], membership=[others])
    browser = Browser(house, "ops")
    page = await browser.post(PAGE, **fields((await browser.get(PAGE)).text))
    house.refusing = "membership"
    done = await browser.post(PAGE, **do(page.text))
    assert "Erneut eingespielte Nachrichten: 1" in done.text
    assert "Nicht versucht: 1." in done.text
    assert others["id"] in done.text


async def test_a_silent_service_is_not_taken_for_one_without_messages() -> None:
    house = House(enrolment=[letter()])
    house.down("catalog")
    browser = Browser(house, "ops")
    assert (await browser.get(f"{PAGE}?dienst=catalog")).status_code == 303
    page = (await browser.get("/betrieb/nachrichten?dienst=enrolment")).text
    assert "Der Dienst catalog antwortet nicht." in page
    assert "nichts einzuspielen" not in page


async def test_what_was_not_shown_by_us_is_not_sent() -> None:
    house = House(enrolment=[letter()])
    browser = Browser(house, "ops")
    form = do((await browser.get(PAGE)).text)
    for forged in ("", "gAAAAA", form["nachrichten"][:-8]):
        answer = await browser.post(PAGE, **{**form, "nachrichten": forged})
        assert "Probelauf starten" in answer.text
    assert house.sent("enrolment") == []
    assert (await Browser(house, "coordinator").get(PAGE)).status_code == 403
