"""A note that is made, read, changed and deleted over HTTP, each with the status that fits.

``servers/notes.py`` keeps it, ``views/looks/http_notes.py`` shows every request beside its answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlencode

from lab_servers.clients.http import Answer, exchange
from lab_servers.clients.session import open_session
from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.parameters import choice
from lab_servers.scenarios.scenario import Scenario

_TYPES = {"form": "application/x-www-form-urlencoded", "JSON": "application/json"}


@dataclass(frozen=True)
class NoteLife(Scenario):
    """Which method does what to a resource, and which status says how it went?

    One client makes a note, reads it, changes it and deletes it over one connection. Two of its questions carry a
    condition (RFC 9110 §13).

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    servers: ClassVar[tuple[str, ...]] = ("http",)

    body: str = choice(
        "form", _TYPES, "How the client writes the fields of the note: as an HTML form does, or as JSON."
    )

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Do it all, one request after the other."""
        marks: list[Mark] = []
        notes = lab.url("http", "/api/notes")
        async with open_session(keep_alive=True) as session:

            async def ask(method: str, url: str, fields: Mapping[str, str] | None = None, **head: str) -> Answer:
                headers = {name.replace("_", "-"): value for name, value in head.items()}
                content = None
                if fields is not None:
                    headers["Content-Type"] = _TYPES[self.body]
                    content = (
                        urlencode(fields) if self.body == "form" else json.dumps(fields, ensure_ascii=False)
                    ).encode()
                answer = await exchange(session, method, url, headers=headers, body=content)
                marks.extend(answer.marks)
                return answer

            made = await ask("POST", notes, {"title": "你好", "text": "first & only"})
            note = lab.url("http", str(made.header("Location")))
            first_tag = str(made.header("ETag"))
            await ask("GET", note)
            await ask("GET", note, If_None_Match=first_tag)
            await ask("PUT", note, {"title": "你好", "text": "changed"}, If_Match=first_tag)
            # The same condition again: the note is another version by now.
            await ask("PUT", note, {"title": "你好", "text": "too late"}, If_Match=first_tag)
            await ask("DELETE", note)
            await ask("GET", note)
        return {"client": marks}
