"""What the vendors' requests have in common: a JSON object read within bounds, and names for mistakes.

Each dialect has a table that says with which status and in which words it refuses each :class:`Mistake`. Neighbour:
``carrying.py``, the way back. Neither a key nor a version header is asked for: there is nothing here to be paid.
"""

from __future__ import annotations

import enum
import functools
import json
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from ..query import BadValue, shown
from .answering import key_of, settings_of
from .model import MOST_PROMPT_CHARACTERS, KeyReused, Model, Overloaded
from .run import Run

MODEL_NAME = "lab-model-1"
"""The one model there is, in every dialect."""

JSON = "application/json"
MOST_TOKENS = 1_000_000
MOST_ITEMS = 10_000


class Wrong(enum.Enum):
    """What can be wrong with a request, or with the server that gets it."""

    METHOD = "this path takes another method"
    CONTENT_TYPE = "the body is not declared as JSON"
    NOT_JSON = "the body is no JSON object"
    TOO_LARGE = "the body has too many bytes"
    MISSING = "a field is missing"
    UNKNOWN = "a field has a name that the dialect does not know"
    VALUE = "a field has a value that it cannot have"
    TOO_LONG = "the prompt has too many tokens"
    MODEL = "there is no such model"
    KEY_REUSED = "the Idempotency-Key belongs to another request"
    OVERLOADED = "no answer can begin now"
    FAILED = "the answer could not be finished"


class Mistake(Exception):
    """A request that is not answered.

    Args:
        wrong: What is wrong.
        message: One sentence for the client.
        field: The field to blame, as a path such as ``messages.0.content``; empty: none.
        allowed: Of a wrong method, those that are right.
    """

    def __init__(self, wrong: Wrong, message: str, field: str = "", allowed: str = "") -> None:
        super().__init__(message)
        self.allowed = allowed
        self.wrong = wrong
        self.message = message
        self.field = field


def allow(mistake: Mistake) -> dict[str, str]:
    """The header field that a 405 must have (RFC 9110 §15.5.6)."""
    return {"Allow": mistake.allowed} if mistake.allowed else {}


Refuse = Callable[[Mistake], web.Response]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def refusing(refuse: Refuse, handler: Handler) -> Handler:
    """The handler, with every mistake answered by ``refuse``: in the vendor's words, and never with a traceback."""

    @functools.wraps(handler)
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except Mistake as mistake:
            return refuse(mistake)
        except Overloaded as full:
            return refuse(Mistake(Wrong.OVERLOADED, str(full)))
        except KeyReused as reused:
            return refuse(Mistake(Wrong.KEY_REUSED, str(reused)))
        except BadValue as bad:
            return refuse(Mistake(Wrong.VALUE, str(bad)))

    return answer


def refuse_method(*allowed: str) -> Handler:
    """A handler for the methods that a path does not take. Register it behind those that it does."""

    async def refuse(request: web.Request) -> web.StreamResponse:
        sentence = f"{request.path[:80]} takes {' and '.join(allowed)}, not {request.method[:20]}."
        raise Mistake(Wrong.METHOD, sentence, allowed=", ".join(allowed))

    return refuse


@dataclass(frozen=True)
class Asked:
    """What a request asks for, whatever the dialect.

    Attributes:
        prompt: All texts of the conversation, in its order, joined by line ends.
        tools: The names of the tools that the model may call.
        most_tokens: How many tokens it may generate; ``None``: as many as it wants.
    """

    prompt: str
    tools: Sequence[str] = ()
    most_tokens: int | None = None


def begin(model: Model, request: web.Request, asked: Asked, *own: str) -> Run:
    """Let the model begin, as the query's settings say. The caller is a reader, and calls ``run.leave()`` at its end.

    A request with an Idempotency-Key gets a kept run, so that the same request gets the same answer although its first
    connection broke; any other run is tied to its connection.

    Args:
        model: The model.
        request: The request, for its query and its key.
        asked: What it asks for.
        own: Names of query parameters that the dialect has itself.

    Raises:
        Mistake: the prompt is too long.
        BadValue: the query is wrong, or the key belongs to another request.
        Overloaded: no answer can begin.
    """
    settings, _ = settings_of(request, *own)
    key = key_of(request)
    if len(asked.prompt) > MOST_PROMPT_CHARACTERS:
        sentence = f"The prompt has {len(asked.prompt)} characters, and this model takes {MOST_PROMPT_CHARACTERS}."
        raise Mistake(Wrong.TOO_LONG, sentence)
    kept = bool(key)
    run = model.begin(
        asked.prompt, settings, kept=kept, most_tokens=asked.most_tokens, tools=asked.tools, key=key, where=request.path
    )
    if kept:
        run.enter()
    return run


class Fields:
    """The fields of one JSON object, each checked when it is read, so that a mistake names its place.

    Args:
        values: The object.
        path: Where it stands in the body, such as ``messages.0``; empty: it is the body.
    """

    def __init__(self, values: Mapping[str, object], path: str = "") -> None:
        self.values = values
        self.path = path

    def place(self, name: str) -> str:
        """The path of one field."""
        return f"{self.path}.{name}" if self.path else name

    def missing(self, name: str) -> Mistake:
        """The mistake that a field is not there."""
        return Mistake(Wrong.MISSING, f"{self.place(name)} is required.", self.place(name))

    def bad(self, name: str, must: str) -> Mistake:
        """The mistake that a field is not what it must be."""
        sentence = f"{self.place(name)} must be {must}, not {shown(self.values.get(name))}."
        return Mistake(Wrong.VALUE, sentence, self.place(name))

    def only(self, known: Collection[str]) -> None:
        """Refuse a field with any other name: ignored in silence, a mistyped one would look like a model's whim."""
        unknown = next((name for name in self.values if name not in known), None)
        if unknown is not None:
            sentence = f"{shown(unknown)} is unknown: {self.path or 'this body'} has no such field."
            raise Mistake(Wrong.UNKNOWN, sentence, self.place(unknown[:80]))

    def has(self, name: str) -> bool:
        """Whether a field is there; ``null`` is the same as not there."""
        return self.values.get(name) is not None

    def text(self, name: str, default: str | None = None) -> str:
        """A string."""
        value = self._value(name, default)
        if not isinstance(value, str):
            raise self.bad(name, "a string")
        return value

    def flag(self, name: str, default: bool) -> bool:
        """``true`` or ``false``."""
        value = self._value(name, default)
        if not isinstance(value, bool):
            raise self.bad(name, "true or false")
        return value

    def count(self, name: str, least: int, most: int) -> int | None:
        """A whole number in ``[least, most]``, if the field is there."""
        if not self.has(name):
            return None
        value = self.values[name]
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self.bad(name, f"a whole number from {least} to {most}")
        return value

    def inner(self, name: str) -> Fields:
        """An object; an empty one where the field is not there."""
        value = self._value(name, {})
        if not isinstance(value, dict):
            raise self.bad(name, "an object")
        return Fields(value, self.place(name))

    def objects(self, name: str, *, required: bool = False) -> list[Fields]:
        """A list of objects."""
        value = self._value(name, None if required else [])
        if not isinstance(value, list) or len(value) > MOST_ITEMS:
            raise self.bad(name, "a list")
        found = []
        for index, one in enumerate(value):
            place = f"{self.place(name)}.{index}"
            if not isinstance(one, dict):
                raise Mistake(Wrong.VALUE, f"{place} must be an object, not {shown(one)}.", place)
            found.append(Fields(one, place))
        return found

    def texts(self, name: str, *types: str) -> list[str]:
        """The texts of content: a string, or a list of blocks, of which those of ``types`` have a ``text``."""
        if not self.has(name):
            return []
        value = self.values[name]
        if isinstance(value, str):
            return [value]
        return [block.text("text") for block in self.objects(name) if block.text("type", types[0]) in types]

    def _value(self, name: str, default: object) -> object:
        value = self.values.get(name)
        if value is None:
            if default is None:
                raise self.missing(name)
            return default
        return value


async def read_body(request: web.Request, *, any_type: bool = False) -> Fields:
    """The JSON object in a request's body. Not more of it is read than the application's ``client_max_size``.

    Args:
        request: The request.
        any_type: Whether its Content-Type does not matter.

    Raises:
        Mistake: it is too large, not declared as JSON, or no JSON object in UTF-8.
    """
    if not any_type and request.content_type != JSON:
        sentence = f"The Content-Type must be {JSON}, not {request.content_type[:80]}."
        raise Mistake(Wrong.CONTENT_TYPE, sentence)
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise Mistake(Wrong.TOO_LARGE, f"The body has more than {request.client_max_size} bytes.") from None
    except web.RequestPayloadError:
        raise Mistake(Wrong.NOT_JSON, "The body is cut short, or not encoded as its head says.") from None
    try:
        # bytes that are no UTF-8, and "\ud800", which no UTF-8 can carry back, are refused; so are NaN and depth.
        value = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        raise Mistake(Wrong.NOT_JSON, "The body is not valid JSON in UTF-8.") from None
    if not isinstance(value, dict):
        raise Mistake(Wrong.NOT_JSON, "The body must be a JSON object.")
    return Fields(value)


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON (RFC 8259 §6)")


def check_model(name: str) -> None:
    """Refuse every model but the one that is here.

    Raises:
        Mistake: it is another.
    """
    if name != MODEL_NAME:
        raise Mistake(Wrong.MODEL, f"The model {shown(name)} does not exist; {MODEL_NAME} does.", "model")


def joined(texts: Sequence[str]) -> str:
    """The prompt: what was said so far, in order. Of one message it is that message, the same in every dialect."""
    return "\n".join(texts)
