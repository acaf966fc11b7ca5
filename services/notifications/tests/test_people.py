"""Names, addresses, quiet hours and retries: the rules, without any server."""

from datetime import UTC, datetime, time, timedelta

import pytest
from contracts.refusal import Refusal
from hypothesis import given
from hypothesis import strategies as st
from notifications.domain.hours import BERLIN, QuietHours
from notifications.domain.person import clean_mail, clean_name, quiet_hours
from notifications.domain.retry import Retry, judge

NIGHT = QuietHours(time(20), time(7))


def berlin(*parts: int) -> datetime:
    """An instant given by the clock on a wall in Berlin."""
    return datetime(*parts, tzinfo=BERLIN).astimezone(UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    "mail",
    [
        "",
        "anna",
        "anna@",
        "anna@kreis",
        "anna@kreis.example\r\nBcc: evil@x.example",
        "anna@kreis.example\n",
        "=?UTF-8?Q?a?=@kreis.example",
        "Anna <anna@kreis.example>",
        "anna@kreis.example, evil@x.example",
        '"a b"@kreis.example',
        "anna@[127.0.0.1]",
        "änna@kreis.example",
        "anna\x00@kreis.example",
        "an\u202ena@kreis.example",
        "a" * 65 + "@kreis.example",
    ],
)
def test_an_address_that_cannot_be_written_to_is_refused_without_repeating_it(mail: str) -> None:
    with pytest.raises(Refusal) as refused:
        clean_mail(mail)
    assert refused.value.code == "mail-unusable"
    assert not refused.value.data
    assert not mail or mail not in str(refused.value)


def test_an_address_with_umlauts_in_its_domain_is_kept_in_ascii() -> None:
    assert clean_mail(" anna.mueller+kurs@müller.example ") == (
        "anna.mueller+kurs@xn--mller-kva.example"
    )


@pytest.mark.parametrize(
    "name", ["", "  ", "A" * 101, "An\r\nna", "An\x00na", "=?UTF-8?Q?x?=", "a\u2028b", "a\u202eb"]
)
def test_a_name_that_could_break_a_header_is_refused(name: str) -> None:
    with pytest.raises(Refusal) as refused:
        clean_name(name, "/family_name")
    assert (refused.value.code, refused.value.pointer) == ("name-unusable", "/family_name")


@pytest.mark.parametrize("name", ["O’Brien", "von der Lühe", "Nguyễn", "D'Angelo-Müller", "李"])
def test_real_names_are_kept(name: str) -> None:
    assert clean_name(f" {name} ", "/family_name") == name


def test_quiet_hours_over_midnight_end_in_the_morning() -> None:
    assert NIGHT.next_open(berlin(2027, 1, 15, 23)) == berlin(2027, 1, 16, 7)
    assert NIGHT.next_open(berlin(2027, 1, 16, 3)) == berlin(2027, 1, 16, 7)
    assert NIGHT.next_open(berlin(2027, 1, 16, 7)) == berlin(2027, 1, 16, 7)


def test_quiet_hours_are_hours_on_the_wall_also_when_clocks_change() -> None:
    assert NIGHT.next_open(berlin(2027, 3, 27, 22)) == berlin(2027, 3, 28, 7)
    assert NIGHT.next_open(berlin(2027, 10, 30, 22)) == berlin(2027, 10, 31, 7)
    assert berlin(2027, 3, 28, 7) - berlin(2027, 3, 27, 22) == timedelta(hours=8)


def test_equal_ends_hold_nothing_back() -> None:
    always = QuietHours(time(8), time(8))
    assert always.next_open(berlin(2027, 1, 15, 8)) == berlin(2027, 1, 15, 8)


FIRST, LAST = datetime(2026, 1, 1), datetime(2028, 1, 1)  # noqa: DTZ001 - hypothesis adds it
moments = st.datetimes(FIRST, LAST, timezones=st.just(UTC))


@given(moments, st.times(), st.times())
def test_a_mail_never_waits_longer_than_a_day_and_an_hour(
    now: datetime, start: time, end: time
) -> None:
    quiet = QuietHours(start, end)
    opens = quiet.next_open(now)
    assert now <= opens <= now + timedelta(hours=25)


def test_quiet_hours_need_both_ends() -> None:
    assert quiet_hours(None, None) is None
    with pytest.raises(Refusal) as refused:
        quiet_hours(time(20), None)
    assert refused.value.pointer == "/quiet_to"


@pytest.mark.parametrize(
    ("code", "verdict"),
    [(421, "outage"), (450, "later"), (452, "later"), (550, "never"), (552, "never")],
)
def test_an_answer_of_the_mail_server_has_one_meaning(code: int, verdict: str) -> None:
    assert judge(code).verdict == verdict


def test_pauses_grow_and_are_spread_and_end() -> None:
    retry = Retry(first_seconds=4, factor=2, longest_seconds=60)
    now = datetime(2027, 1, 1, tzinfo=UTC)
    pauses = [(retry.due_at(now, n, 0.5) - now).total_seconds() for n in range(1, 8)]
    assert pauses == [4, 8, 16, 32, 60, 60, 60]
    spread = [(retry.due_at(now, 1, jitter) - now).total_seconds() for jitter in (0, 1)]
    assert spread == [3, 5]
