"""The list of bookings: its tabs, its rows, its file."""

from portal import enrolments
from portal.pages.approvals import LONGEST_REASON, reason_problem
from portal.pages.bookings import HEAD, TABS

BARE = {
    "enrolment_id": "e",
    "state": "requested",
    "price": {"status": "pending", "standard_cents": 1},
    "cancellation": {"fee_now_cents": 0},
}


def test_the_first_tab_counts_everything_and_the_others_their_own_states() -> None:
    counts = {"offered": 2, "awaiting_approval": 3, "confirmed": 5, "cancelled": 1, "expired": 1}
    shown = {tab.name: tab.count(counts) for tab in TABS}
    assert shown[""] == 12
    assert shown["zu-tun"] == 5
    assert shown["beendet"] == 2
    assert shown["warteliste"] == 0


def test_every_state_but_those_to_act_on_stands_in_exactly_one_tab() -> None:
    single = [state for tab in TABS if tab.name != "zu-tun" for state in tab.states]
    assert len(single) == len(set(single))
    assert {"requested", "waitlisted", "confirmed", "rejected"} <= set(single)


def test_what_the_service_leaves_out_is_none_and_what_it_says_stays() -> None:
    whole = enrolments.whole({**BARE, "location": "Lorsch"})
    assert whole["location"] == "Lorsch"
    assert whole["held_until"] is None
    assert whole["price"] == {
        "cents": None, "kind": None, "reason": None, "member_cents": None,
        "saving_cents": None, "priced_for_on": None, "status": "pending", "standard_cents": 1,
    }  # fmt: skip
    assert whole["cancellation"]["fee_cents"] is None


def test_the_file_names_each_column_once() -> None:
    assert len(set(HEAD)) == len(HEAD) == 14


def test_a_reason_must_be_there_and_not_be_a_novel() -> None:
    assert reason_problem("") is not None
    assert reason_problem("x" * (LONGEST_REASON + 1)) is not None
    assert reason_problem("Der Kurs wird im Haus angeboten.") is None
