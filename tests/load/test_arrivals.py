"""The instrument of `make overload` is held against servers that behave badly on purpose."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter

from tests.load.arrivals import Call, arrive
from tests.load.stage import Stage

Answer = Callable[[int, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}"
BODY = b'{"code":"overloaded"}'
REFUSED = (
    b"HTTP/1.1 503 x\r\nContent-Type: application/problem+json\r\nRetry-After: 2\r\n"
    b"Content-Length: 21\r\n\r\n" + BODY
)
CARELESS = b"HTTP/1.1 503 x\r\nContent-Type: text/plain\r\nContent-Length: 21\r\n\r\n" + BODY


async def asked(answer: Answer, per_second: float, seconds: float) -> Stage:
    """What the instrument says of a server that answers like this."""
    count = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                count += 1
                await answer(count, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    try:
        calls = await arrive(
            f"{host}:{port}",
            lambda due: Call(str(due), due, b"GET / HTTP/1.1\r\n\r\n"),
            per_second,
            seconds,
        )
    finally:
        server.close()
    return Stage("a test", per_second, seconds, calls)


async def test_all_that_are_due_are_sent_and_timed() -> None:
    async def at_once(_: int, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)

    began = perf_counter()
    stage = await asked(at_once, 100, 1)
    assert perf_counter() - began >= 0.99, "they came earlier than they were due"
    assert (len(stage.calls), len(stage.accepted)) == (100, 100)
    assert stage.refused == stage.unsound == []


async def test_a_standstill_is_charged_to_all_who_came_meanwhile() -> None:
    still = asyncio.Event()

    async def stand_still(number: int, writer: asyncio.StreamWriter) -> None:
        if number == 1:
            asyncio.get_running_loop().call_later(1.0, still.set)
        await still.wait()
        writer.write(OK)

    stage = await asked(stand_still, 50, 1)
    assert len(stage.accepted) == 50
    took = [call.took for call in stage.calls]
    assert took[0] > 0.9
    assert sum(seconds > 0.4 for seconds in took) >= 25, "who asks one by one sees one slow answer"


async def test_answers_in_pieces_and_chunks_are_read() -> None:
    async def in_pieces(number: int, writer: asyncio.StreamWriter) -> None:
        chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
        raw = chunked if number % 2 else OK
        for place in range(0, len(raw), 7):
            writer.write(raw[place : place + 7])
            await asyncio.sleep(0)

    stage = await asked(in_pieces, 50, 0.4)
    assert len(stage.accepted) == 20


async def test_who_is_hung_up_on_knows_nothing_and_others_go_on() -> None:
    async def hang_up(number: int, writer: asyncio.StreamWriter) -> None:
        if number % 2:
            writer.close()
        else:
            writer.write(OK)

    stage = await asked(hang_up, 50, 0.4)
    outcomes = [call.outcome for call in stage.calls]
    assert len(outcomes) == 20
    assert 0 < outcomes.count("info") < 20
    assert outcomes.count("info") + outcomes.count("ok") == 20


async def test_refusals_are_told_apart_and_careless_ones_are_named() -> None:
    async def refuse(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(REFUSED if number % 2 else CARELESS)

    stage = await asked(refuse, 50, 0.4)
    assert len(stage.refused) == 20
    assert {call.outcome for call in stage.calls} == {"fail"}
    assert len(stage.unsound) == 10
    assert stage.goodput == 0


def made(took: Callable[[float], float], seconds: int) -> Stage:
    """A stage of ten requests a second that took so long, by the second in which they were due."""
    calls = []
    for number in range(seconds * 10):
        due = 100 + number / 10
        calls.append(Call("x", due, sent=due, ended=due + took(number / 10), status=202))
    return Stage("made", 10, seconds, calls)


def test_back_to_normal_is_the_second_after_the_last_bad_one() -> None:
    assert made(lambda _: 0.1, 20).back_to_normal() == 0
    assert made(lambda at: 2.0 if at < 6 else 0.1, 20).back_to_normal() == 6
    assert made(lambda at: 2.0 if 9 <= at < 10 else 0.1, 20).back_to_normal() == 10
    assert made(lambda _: 2.0, 20).back_to_normal() is None


def test_goodput_counts_what_was_served_within_a_second() -> None:
    assert made(lambda at: 1.5 if at < 10 else 0.1, 20).goodput == 5
