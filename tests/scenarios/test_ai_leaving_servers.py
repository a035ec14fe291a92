"""The two servers that notice late: what each hop swallows, and that neither stays behind when it is stopped."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress

import pytest

from lab_servers.scenarios.ai_leaving_servers import ThreadedModel
from lab_servers.scenarios.ai_model import HostedModel
from tests.waiting import until

REQUEST = b"POST /api/answer?tokens=40&gap_s=0.02&ttft_s=0.05&language=english HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

HALF_CLOSING = (
    b"POST /api/answer?tokens=20&gap_s=0.01&ttft_s=0.2 HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b'Content-Type: application/json\r\nContent-Length: 14\r\n\r\n{"prompt":"x"}'
)


def asked(request: bytes, leave_after: int) -> ThreadedModel:
    """Ask the threaded model without any relay, and leave after so many tokens; the model when it has finished."""

    async def main() -> ThreadedModel:
        model = ThreadedModel()
        await model.start("e1")
        host, port = model.address
        _, writer = await asyncio.open_connection(host, port)
        try:
            async with asyncio.timeout(10):
                writer.write(request)
                await model.until("token", leave_after)
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
                await model.until("finished")
        finally:
            await model.stop()
        return model

    return asyncio.run(main())


def test_without_a_hop_between_them_one_write_behind_the_goodbye_succeeds() -> None:
    marks = asked(REQUEST, 10).marks
    # The FIN is on its way in no time, and the next write is a gap away: the tenth token's own write may still be told.
    wrote = [mark.name for mark in marks].count("wrote by llm")
    assert marks[-1].detail.endswith("reader left")
    assert 10 <= wrote <= 12


@pytest.mark.parametrize(("watches", "reason"), [(True, "reader left"), (False, "complete")])
def test_a_fin_behind_the_request_is_a_goodbye_to_a_server_that_watches_and_none_to_a_thread(
    watches: bool, reason: str
) -> None:
    """The client has half-closed: it says that it will send no more, and still reads (RFC 9293 §3.6)."""

    async def main() -> tuple[str, bytes]:
        model = HostedModel(handler_cancellation=True) if watches else ThreadedModel()
        await model.start("e1")
        reader, writer = await asyncio.open_connection(*model.address)
        try:
            async with asyncio.timeout(10):
                writer.write(HALF_CLOSING)
                await reader.readuntil(b"\r\n\r\n")
                writer.write_eof()
                answer = await reader.read()
                await model.until("finished")
        finally:
            writer.transport.abort()
            await model.stop()
        return model.marks[-1].detail, answer

    finished, answer = asyncio.run(main())
    assert finished.endswith(reason)
    assert (b'"type":"end"' in answer) is not watches


def test_no_thread_stays_behind() -> None:
    before = threading.active_count()
    asked(REQUEST, 3)
    asyncio.run(until(lambda: threading.active_count() <= before))


@pytest.mark.parametrize(
    "request_", [b"nonsense\r\n\r\n", b"\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET /?tokens=\xff HTTP/1.1\r\n\r\n"]
)
def test_what_is_no_question_breaks_nothing(request_: bytes) -> None:
    async def main() -> None:
        model = ThreadedModel()
        await model.start("e1")
        reader, writer = await asyncio.open_connection(*model.address)
        writer.write(request_)
        async with asyncio.timeout(5):
            await reader.read(1)
            writer.transport.abort()
            await model.stop()

    asyncio.run(main())
