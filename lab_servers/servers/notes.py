"""A collection of notes behind ``http.py``: create, read, update, delete, each with the status that fits."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from aiohttp import web

from .body import FORM, JSON, json_response, read_fields
from .conditional import check_preconditions, validators
from .query import Query

MAX_NOTES = 200
MAX_NOTE_BYTES = 10_000


@dataclass(frozen=True, slots=True)
class Note:
    """What a client stores."""

    id: int
    title: str
    text: str


class Notes:
    """The notes of one application, in memory, at most ``MAX_NOTES`` of ``MAX_NOTE_BYTES`` bytes."""

    def __init__(self) -> None:
        # The id from the path is looked up as the text that it is: nothing to convert, nothing to go wrong.
        self._notes: dict[str, Note] = {}
        self._last_id = 0

    async def list(self, request: web.Request) -> web.Response:
        """GET the collection."""
        Query(request.rel_url.raw_query_string)
        notes = [asdict(note) for note in self._notes.values()]
        check_preconditions(request, notes)
        return json_response(notes, headers=validators(notes))

    async def create(self, request: web.Request) -> web.Response:
        """POST a note to the collection, as an HTML form sends it or as JSON."""
        Query(request.rel_url.raw_query_string)
        title, text = await _title_and_text(request)
        if len(self._notes) >= MAX_NOTES:
            # RFC 9110 §15.5.10: the present state forbids it, and the client can change that state.
            raise web.HTTPConflict(text=f"There are {MAX_NOTES} notes already: delete one first.")
        self._last_id += 1
        note = asdict(Note(self._last_id, title, text))
        self._notes[str(self._last_id)] = Note(**note)
        # RFC 9110 §15.3.2: 201 says that something new exists, and Location where.
        return json_response(note, status=201, headers=validators(note) | {"Location": f"/api/notes/{self._last_id}"})

    async def detail(self, request: web.Request) -> web.Response:
        """GET one note, or 304 when the client has it already."""
        Query(request.rel_url.raw_query_string)
        note = asdict(self._find(request))
        check_preconditions(request, note)
        return json_response(note, headers=validators(note))

    async def update(self, request: web.Request) -> web.Response:
        """PUT a whole note in place of the present one (RFC 9110 §9.3.4). It must exist: the server gives the ids."""
        Query(request.rel_url.raw_query_string)
        self._find(request)
        title, text = await _title_and_text(request)
        # Found again, because while the body arrived another client may have changed or deleted it;
        # between this check and the change there is no await, so nobody can come in between.
        present = self._find(request)
        check_preconditions(request, asdict(present))
        note = Note(present.id, title, text)
        self._notes[str(note.id)] = note
        return json_response(asdict(note), headers=validators(asdict(note)))

    async def delete(self, request: web.Request) -> web.Response:
        """DELETE one note. 204: done, and there is nothing to show (RFC 9110 §15.3.5)."""
        Query(request.rel_url.raw_query_string)
        note = self._find(request)
        check_preconditions(request, asdict(note))
        del self._notes[str(note.id)]
        return web.Response(status=204)

    def _find(self, request: web.Request) -> Note:
        note = self._notes.get(request.match_info["id"])
        if note is None:
            raise web.HTTPNotFound(text="There is no note with this id.")
        return note


async def _title_and_text(request: web.Request) -> tuple[str, str]:
    fields = await read_fields(request, "title", "text", accept=(JSON, FORM))
    title, text = fields.get("title"), fields.get("text", "")
    # RFC 9110 §15.5.21: 422, well written and still not a note; 400 would say "I could not read it".
    if not isinstance(title, str) or not title.strip():
        raise web.HTTPUnprocessableEntity(text="title must be a text that is not empty.")
    if not isinstance(text, str):
        raise web.HTTPUnprocessableEntity(text="text must be a text.")
    return title, text
