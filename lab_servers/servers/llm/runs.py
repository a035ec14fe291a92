"""Our own ways to carry an answer over HTTP: whole, polling, long polling, NDJSON, SSE; tied to a request, or kept.

Tied: one POST, the answer, the end; who leaves ends the generation. Kept: the run has a URL, and readers come, go and
come back; leaving stops nothing, an explicit stop does. Neighbour: ``websocket.py``, the same over WebSocket.
"""

from __future__ import annotations

from aiohttp import HttpVersion11, web
from aiohttp.typedefs import Handler

from ..body import json_response, read_fields
from ..query import BadValue, Query
from ..sse import event_stream
from .answering import RUN_ID, as_text, cursor_of, cut, key_of, payload, settings_of
from .carrying import Said
from .model import GoneEpoch, KeyReused, Model, Overloaded, UnknownRun
from .parts import Cut, Failed
from .run import Run

NDJSON = "application/x-ndjson"
MAX_HOLD_S = 60.0
MOST_PARTS = 10_000_000


class Ways:
    """The handlers of one model.

    Args:
        model: Whose answers they carry.
    """

    def __init__(self, model: Model) -> None:
        self._model = model

    # --- tied to a request --------------------------------------------------------------

    async def whole(self, request: web.Request) -> web.Response:
        """POST a prompt; the answer comes as one JSON document once all of it exists, its tool calls complete."""
        run = await self._begin(request)
        said = Said()
        headers = {RUN_ID: run.run_id}
        try:
            async for numbered in run.parts():
                if isinstance(numbered.part, Failed):  # nothing was sent yet: a status can say it (RFC 9110 §15.6.4)
                    return json_response({"error": numbered.part.message}, 503, headers)
                said.add(numbered.part)
        finally:
            run.leave()
        if said.end is None:
            cut(request)
        end = "null" if said.end is None else payload(run.run_id, run.size, said.end)
        calls = [
            {"index": call.index, "id": call.call_id, "name": call.name, "arguments": call.arguments}
            for call in said.calls
        ]
        told = f',"tool_calls":{as_text(calls)}' if calls else ""
        body = f'{{"run":{as_text(run.run_id)},"text":{as_text(said.text)}{told},"end":{end}}}'
        return web.Response(text=body, content_type="application/json", headers=headers)

    async def post_events(self, request: web.Request) -> web.StreamResponse:
        """POST a prompt; the answer comes as an event stream, and then the response ends."""
        return await self._carry(request, await self._begin(request), 0, as_events=True)

    async def get_events(self, request: web.Request) -> web.StreamResponse:
        """GET an answer as an event stream, the prompt in the query: all that an ``EventSource`` can ask for.

        A prompt in a URL stands in logs and histories, must fit a request line, and is generated again by every
        reconnection. That is why one that comes back (it has a last event ID) is told to stop: 204 (HTML §9.2.3).
        """
        if request.headers.get("Last-Event-ID"):
            return web.Response(status=204)
        settings, own = settings_of(request, "prompt")
        if not own.get("prompt"):
            raise BadValue("The query must have a prompt, such as ?prompt=hello.")
        run = self._model.begin(own["prompt"], settings, key=key_of(request))
        return await self._carry(request, run, 0, as_events=True)

    async def post_lines(self, request: web.Request) -> web.StreamResponse:
        """POST a prompt; the answer comes as a body that grows by a line for each part."""
        return await self._carry(request, await self._begin(request), 0, as_events=False)

    # --- kept ---------------------------------------------------------------------------

    async def create(self, request: web.Request) -> web.Response:
        """POST a prompt; the answer is generated whether anybody reads it or not, and has a URL (RFC 9110 §15.3.2)."""
        run = await self._begin(request, kept=True)
        headers = {RUN_ID: run.run_id, "Location": f"/api/runs/{run.run_id}"}
        return json_response({"run": run.run_id}, 201, headers)

    async def news(self, request: web.Request) -> web.Response:
        """GET what is new after a sequence number; with ``hold_s`` the answer waits so long for something new."""
        run = self._run(request)
        query = Query(request.rel_url.raw_query_string, "after", "hold_s")
        after = query.whole("after", 0, 0, MOST_PARTS)
        hold_s = query.number("hold_s", 0, 0, MAX_HOLD_S)
        run.enter()
        try:
            new = await run.wait_after(after, hold_s)
            is_done = run.is_done
        finally:
            run.leave()
        said = [payload(run.run_id, each.sequence, each.part) for each in new if not isinstance(each.part, Cut)]
        if len(said) < len(new):
            # The connection breaks where a stream's would: behind what there is to say. It is never done.
            is_done = False
            if not said:
                cut(request)
        parts = ",".join(said)
        body = f'{{"run":{as_text(run.run_id)},"parts":[{parts}],"done":{as_text(is_done)}}}'
        # No cache may give this answer again (RFC 9111 §5.2.2.5).
        headers = {RUN_ID: run.run_id, "Cache-Control": "no-store"}
        return web.Response(text=body, content_type="application/json", headers=headers)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """GET the run as an event stream, behind the last event ID if there is one (WHATWG HTML §9.2.3)."""
        run = self._run(request)
        Query(request.rel_url.raw_query_string)
        after = cursor_of(request.headers.get("Last-Event-ID", ""), run.run_id)
        if after and run.is_done and all(isinstance(each.part, Cut) for each in run.after(after)):
            return web.Response(status=204)  # no more will come: only 204 keeps an EventSource from asking for it again
        run.enter()
        return await self._carry(request, run, after, as_events=True)

    async def lines(self, request: web.Request) -> web.StreamResponse:
        """GET the run as lines, behind a sequence number."""
        run = self._run(request)
        after = Query(request.rel_url.raw_query_string, "after").whole("after", 0, 0, MOST_PARTS)
        run.enter()
        return await self._carry(request, run, after, as_events=False)

    async def stop(self, request: web.Request) -> web.Response:
        """POST to stop the generation. Closing a stream could not say it: that may have been the network."""
        run = self._run(request)
        Query(request.rel_url.raw_query_string)
        run.stop()
        return json_response({"run": run.run_id, "generated": run.generated}, headers={RUN_ID: run.run_id})

    # --- both ---------------------------------------------------------------------------

    async def meter(self, request: web.Request) -> web.Response:
        """GET how much was generated since the server started, read or not."""
        Query(request.rel_url.raw_query_string)
        counted = self._model.meter
        return json_response({"epoch": self._model.epoch, "runs": counted.runs, "tokens": counted.tokens})

    async def _begin(self, request: web.Request, *, kept: bool = False) -> Run:
        settings, _ = settings_of(request)
        prompt = (await read_fields(request, "prompt")).get("prompt")
        if not isinstance(prompt, str) or not prompt:
            raise BadValue('The body must have a prompt, such as {"prompt":"世界?"}.')
        return self._model.begin(prompt, settings, kept=kept, key=key_of(request))

    def _run(self, request: web.Request) -> Run:
        return self._model.run(request.match_info["run"])

    async def _carry(self, request: web.Request, run: Run, after: int, *, as_events: bool) -> web.StreamResponse:
        """Send each part as soon as it exists. Whoever calls has counted its reader in, and here it is counted out."""
        response = event_stream(request) if as_events else _growing_lines(request)
        response.headers[RUN_ID] = run.run_id
        try:
            await response.prepare(request)
            if request.method == "HEAD":
                return response
            async for numbered in run.parts_or_silence(after, run.settings.heartbeat_s):
                if numbered is None:
                    # A comment, and a blank line: no reader sees either, a proxy with an idle limit does.
                    await response.write(b": heartbeat\n\n" if as_events else b"\n")
                elif isinstance(numbered.part, Cut):
                    cut(request)
                else:
                    text = payload(run.run_id, numbered.sequence, numbered.part)
                    line = f"id: {run.run_id}.{numbered.sequence}\ndata: {text}\n\n" if as_events else f"{text}\n"
                    await response.write(line.encode())
        except ConnectionResetError:
            pass  # Nobody is there any more. Without aiohttp's handler_cancellation, a write is the first to notice.
        finally:
            run.leave()
        return response


def _growing_lines(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": NDJSON, "Cache-Control": "no-cache"})
    if request.version < HttpVersion11:
        response.force_close()  # no chunks in HTTP/1.0: the end of the connection ends this body
    return response


@web.middleware
async def refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what a model refuses into a status and one sentence."""
    try:
        return await handler(request)
    except Overloaded as refusal:
        # RFC 9110 §10.2.3: Retry-After says when it makes sense to ask again.
        return json_response({"error": str(refusal)}, 503, {"Retry-After": "1"})
    except KeyReused as mistake:
        return json_response({"error": str(mistake)}, 422)
    except GoneEpoch as gone:
        # RFC 9110 §15.5.11: it was here, and will not come back. To an EventSource any status but 200 is the end.
        return json_response({"error": str(gone), "epoch": request.app[EPOCH]}, 410)
    except UnknownRun as unknown:
        return json_response({"error": str(unknown)}, 404)


EPOCH = web.AppKey("epoch", str)


def routes(model: Model) -> list[web.RouteDef]:
    """The paths of our own ways."""
    ways = Ways(model)
    return [
        web.post("/api/answer", ways.post_events),
        web.get("/api/answer", ways.get_events, allow_head=False),
        web.post("/api/answer/whole", ways.whole),
        web.post("/api/answer/lines", ways.post_lines),
        web.post("/api/runs", ways.create),
        web.get("/api/runs/{run}", ways.news),
        web.get("/api/runs/{run}/events", ways.events),
        web.get("/api/runs/{run}/lines", ways.lines),
        web.post("/api/runs/{run}/stop", ways.stop),
        web.get("/api/meter", ways.meter),
    ]
