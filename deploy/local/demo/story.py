"""The main job of the platform, told step by step on a running copy.

Every run of the demo adds a fresh course of two seats; everything else is sent again and changes
nothing, so it can be told on whatever state it left.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from deploy.local.client import Client, until
from deploy.local.demo import providers
from deploy.local.demo.screen import euros, line, step, table
from deploy.local.settings import Settings

BOOK = "/api/enrolment/enrolments"
ASCII = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
# Two for every step that a coordinator made for somebody (confirmed twice, line, cancelled,
# offered, accepted), Anna's two, and those of the bulk call: four people and Carla.
MAILS = 6 * 2 + 2 + 4 + 1
FEEDS = {"openHPI sample (official v3)": "openhpi.json", "Xikolo dialect": "xikolo.json"}


class Story:
    """The people of the demo and what they do."""

    def __init__(self, settings: Settings, people: ExitStack) -> None:
        self._settings = settings
        self._mailbox = f"{settings.url('mail')}/messages"
        self.mails_before = len(self._mails())
        names = {
            "anna": "anna.employee",
            "carla": "carla.coordinator",
            "paul": "paul.approver",
            "nora": "nora.coordinator",
            "olga": "olga.office",
        }
        clients = {n: people.enter_context(Client(settings, user)) for n, user in names.items()}
        self.anna, self.carla, self.paul = clients["anna"], clients["carla"], clients["paul"]
        self.nora, self.olga = clients["nora"], clients["olga"]

    def feeds(self) -> None:
        """Import MOOChub feeds over HTTP."""
        step(1, "Offers come in as MOOChub feeds (POST /api/catalog/imports/moochub)")
        for name, file in FEEDS.items():
            text = Path(__file__).with_name(file).read_text(encoding="utf-8")
            body = {"source": file.partition(".")[0], "feed": json.loads(text)}
            report = self.olga.post("/api/catalog/imports/moochub", body)
            for record in report["records"]:
                line(f"{name}: {record['result']}, {record['effect']}")
                found = [*record["errors"], *record["warnings"]]
                table(
                    ["where", "rule", "why"],
                    [(f["pointer"], f["code"], f["detail"]) for f in found],
                )

    def submissions(self) -> None:
        """Providers send their offers as events."""
        step(2, "Providers publish offers as events (provider.offer-submitted.v1)")
        sent = providers.from_file()
        verdicts = providers.submit(self._settings, sent)
        bad = [s for s in sent if verdicts[s.id]["type"] == "catalog.offer-rejected.v1"]
        line(f"{len(sent)} sent, {len(sent) - len(bad)} accepted, {len(bad)} rejected:")
        rows = [
            (s.key, error["pointer"] or "/", error["code"], error["detail"])
            for s in bad
            for error in verdicts[s.id]["errors"]
        ]
        table(["offer", "where", "rule", "why"], rows)
        self.accepted, self.rejected = len(sent) - len(bad), rows

    def search(self) -> None:
        """Somebody looks for a course."""
        step(3, "Anna searches (German stemming: 'Akten' finds 'Akte')")
        for words in ("Akten", "Vergaberecht", "Führung"):
            found = self.anna.get(f"/api/catalog/offers?q={words}&limit=3")
            titles = "; ".join(item["title"] for item in found["items"])
            formats = {f["value"]: f["count"] for f in found["facets"]["format"]}
            line(f"{words}: {titles}  {formats}")

    def membership(self) -> None:
        """The list of members."""
        step(4, "Membership: who is a member today, and why")
        today = datetime.now(UTC).date().isoformat()
        members = self.olga.get(f"/api/membership/members?on={today}&reason=demo")
        rows = [
            (m["name"], m["member_since_on"], m["shares"], euros(m["balance_cents"]))
            for m in members["items"]
        ]
        table(["member", "since", "shares", "paid"], rows)
        known = self.olga.get("/api/membership/organisations?q=stadt-ausserhalb")["items"]
        line(f"registered and no member: {', '.join(o['name'] for o in known)}")

    def a_course_of_two(self) -> str:
        """A fresh run of two seats."""
        body = providers.body_of("KOM-310")
        body["offer_ref"] = f"KOM-310-{uuid4().hex[:8]}"
        value = json.dumps(body, ensure_ascii=False).encode()
        submission = providers.Submission(f"{body['provider_id']}/{body['offer_ref']}", value)
        verdict = providers.submit(self._settings, [submission])[submission.id]
        run_id = str(next(iter(verdict["run_ids"].values())))
        path = f"/api/enrolment/runs/{run_id}/seats"
        until(lambda: self.anna.ask("GET", path).is_success, 30, "the new run")
        return run_id

    def person(self, by: Client, given: str, family: str) -> str:
        """An employee, introduced by the coordinator. Only notifications knows the name."""
        ref = str(uuid4())
        name = f"{given}.{family}".lower().translate(ASCII)
        mail = f"{name}.{ref[:4]}@kommune.example"
        body = {"given_name": given, "family_name": family, "mail": mail, "language": "de"}
        by.put(f"/api/notifications/contacts/{ref}", body)
        return ref

    def book(self, by: Client, run_id: str, person: str | None = None) -> dict[str, Any]:
        """Ask for a seat and wait for the settled answer."""
        body = {"run_id": run_id} | ({"person_ref": person} if person else {})
        answer: dict[str, Any] = by.post(BOOK, body, wait=10)
        return answer

    def prices(self) -> None:
        """The same run, two prices, and the line."""
        step(5, "The same run for a member and for a non-member")
        run_id = self.a_course_of_two()
        before = self.carla.get(f"/api/enrolment/runs/{run_id}/seats")
        mine = self.book(self.carla, run_id, self.person(self.carla, "Jürgen", "Müller"))
        other = self.book(self.nora, run_id, self.person(self.nora, "Aylin", "Öztürk"))
        self.prices_shown = [("Kreis Bergstraße", mine), ("Stadt Außerhalb", other)]
        self._price_table()
        after = self.carla.get(f"/api/enrolment/runs/{run_id}/seats")
        self.seats_shown = (before, after)
        step(6, "The run is full: a line, and nobody is booked silently")
        waiting = self.book(self.carla, run_id, self.person(self.carla, "Sofie", "Groß"))
        line(f"the third request: {waiting['state']}, place {waiting['place']}")
        self.nora.post(f"{BOOK}/{other['enrolment_id']}/cancellation")
        path = f"{BOOK}/{waiting['enrolment_id']}"
        offered = until(lambda: _in_state(self.carla, path, "offered"), 20, "the offered seat")
        line(f"a seat is freed: {offered['state']} until {offered['offered_until']}")
        self.carla.post(f"{path}/acceptance")
        final = until(lambda: _in_state(self.carla, path, "confirmed"), 20, "the confirmation")
        line(f"accepted: {final['state']}, {euros(final['price']['cents'])}")

    def _price_table(self) -> None:
        rows = [
            (
                name,
                enrolment["state"],
                euros(enrolment["price"]["cents"]),
                enrolment["price"]["kind"],
                _reason(enrolment["price"]["reason"]),
                euros(enrolment["price"]["saving_cents"]),
            )
            for name, enrolment in self.prices_shown
        ]
        table(["employer", "state", "price", "kind", "reason", "saving"], rows)

    def approval(self) -> None:
        """An employee asks, somebody who may decides."""
        step(7, "Anna asks for herself; Paul decides")
        run_id = self.a_course_of_two()
        asked = self.book(self.anna, run_id)
        line(f"Anna: {asked['state']}, held until {asked['held_until']}")
        path = f"{BOOK}/{asked['enrolment_id']}/approval"
        decided = self.paul.post(path, {"decision": "approve", "reason": "Passt zum Fachgebiet."})
        line(f"Paul approves: {decided['state']}, {euros(decided['price']['cents'])}")

    def bulk(self) -> None:
        """Many people in one step."""
        step(8, "Carla books four people in one call; two seats are there")
        run_id = self.a_course_of_two()
        people = [self.person(self.carla, "Kollegin", f"Nr-{n}") for n in range(1, 5)]
        body = {"run_id": run_id, "people": [*people, people[0]], "all_or_nothing": False}
        answer = self.carla.post(f"{BOOK}/bulk", body, wait=10)
        rows = [
            (r["pointer"], r.get("state") or r["code"], r.get("place") or "-")
            for r in answer["rows"]
        ]
        table(["row", "answer", "place"], rows)

    def end(self) -> None:
        """The figures that matter, and where to look."""
        new = until(self._new_mails, 30, "the mails")
        step(9, "What came of it")
        line(f"offers: {self.accepted} accepted, {len({r[0] for r in self.rejected})} rejected")
        for key, where, rule, why in self.rejected:
            line(f"  {key}: {where} {rule} ({why})")
        line("the price of the same run:")
        self._price_table()
        before, after = self.seats_shown
        line(f"seats taken: {before['taken']} before, {after['taken']} after")
        line(f"mails delivered: {len(new)}, the last ones:")
        table(["to", "subject"], [(", ".join(m["to"]), m["subject"]) for m in new[-6:]])
        line(f"look next: mails  {self._settings.url('mail')}/")
        line(f"           API    {self._settings.url('gateway')}/api/catalog/offers?q=Akte")
        line("           token  make token user=carla.coordinator")
        line("           docs   README.md, docs/flows.md, docs/topics.md")

    def _new_mails(self) -> list[dict[str, Any]]:
        """All mails of this demo, once the last of them is here."""
        new = self._mails()[self.mails_before :]
        return new if len(new) >= MAILS else []

    def _mails(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = httpx.get(self._mailbox, timeout=20, trust_env=False).json()
        return found


def _in_state(client: Client, path: str, state: str) -> Any:
    shown = client.get(path)
    return shown if shown["state"] == state else None


def _reason(reason: dict[str, Any]) -> str:
    since = reason.get("member_since_on")
    return str(reason["code"]) + (f", since {since}, tier {reason.get('tier')}" if since else "")


def tell(settings: Settings) -> None:
    """The whole story. Raises what stops it."""
    with ExitStack() as people:
        story = Story(settings, people)
        story.feeds()
        story.submissions()
        story.search()
        story.membership()
        story.prices()
        story.approval()
        story.bulk()
        story.end()
