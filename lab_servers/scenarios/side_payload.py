"""The messages of a comparison, drawn from a seed: the very same texts on every lane.

A message is a JSON text without line ends, such as ``{"n":17,"d":"世界"}``. So the same bytes are an element of a JSON
array, a line of NDJSON, the data of an event and the payload of a text frame.
"""

from __future__ import annotations

from random import Random

from lab_servers.errors import require_one_of, require_whole
from lab_servers.servers.feed_messages import MAX_MESSAGE_BYTES, as_text

TOKENS, CHAT, STATUS, BLOBS = "tokens", "chat lines", "status changes", "large blobs"
KINDS = (TOKENS, CHAT, STATUS, BLOBS)

LEAST_BLOB_BYTES, MOST_BLOB_BYTES = 64, 1024 * 1024
MOST_MESSAGES = 1_000_000
assert MOST_BLOB_BYTES <= MAX_MESSAGE_BYTES

# Pieces as models send them: words with their space, parts of words, scripts of several bytes to a character, a letter
# with a combining mark (é as e + U+0301), an emoji that is three code points in a row.
_TOKENS = (
    "A", " frame", " is", " not", " a", " message", ",", " str", "eam", "ing", ".", "世", "界", "你好", "，", "流",
    " cafe\u0301", " na\u00efve", " \u2192", " 👋", "👩‍💻", " Zu\u0308rich", "한", "국어", " приве", "т",
)  # fmt: skip

_NAMES = ("Ada", "张三", "Zoë", "Łukasz", "Aylin", "किरण")
_LINES = (
    "good morning, is the build green?",
    "not yet, two tests are red 😬",
    "谁在看日志？",
    "I am: the third line says “timeout”",
    "deux minutes… c'est là",
    "👍🏽",
    "teşekkürler, görüyorum",
    "so we ship on Friday?",
)
_STEPS = ("checkout", "dependencies", "compile", "test", "package", "déploiement")
_STATES = ("waiting", "running", "passed ✓", "failed ✗")

# A blob is text with characters of one to four bytes, so that pieces of the network cut some of them.
_BLOB = "0123456789 Übertragung 传输 передача 🚚 "


def make_messages(kind: str, count: int, size_bytes: int, seed: int) -> tuple[str, ...]:
    """The messages of a run, each with its number ``n`` from 1.

    Args:
        kind: One of :data:`KINDS`.
        count: How many, 0 to 1,000,000.
        size_bytes: How long each of ``"large blobs"`` is in UTF-8, 64 to 1,048,576 bytes, all of its JSON included.
            The other kinds are as long as what they say.
        seed: What they are drawn with.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """
    require_one_of("kind", kind, KINDS)
    require_whole("count", count, 0, MOST_MESSAGES, "messages")
    require_whole("size_bytes", size_bytes, LEAST_BLOB_BYTES, MOST_BLOB_BYTES, "bytes")
    random = Random(f"{kind} {seed}")
    if kind == BLOBS:
        return tuple(_blob(number, size_bytes, random) for number in range(1, count + 1))
    return tuple(as_text({"n": number, **_said(kind, random)}) for number in range(1, count + 1))


def _said(kind: str, random: Random) -> dict[str, object]:
    if kind == TOKENS:
        return {"d": random.choice(_TOKENS)}
    if kind == CHAT:
        return {"from": random.choice(_NAMES), "d": random.choice(_LINES)}
    return {"job": random.randint(100, 999), "step": random.choice(_STEPS), "d": random.choice(_STATES)}


def _blob(number: int, size_bytes: int, random: Random) -> str:
    room_bytes = size_bytes - len(as_text({"n": number, "d": ""}))
    start = random.randrange(len(_BLOB))
    once = _BLOB[start:] + _BLOB[:start]
    repeated = once * (room_bytes // len(once.encode()) + 1)
    # Cut where the room ends; if that is within a character, plain dots take the place of what was cut off.
    text = repeated.encode()[:room_bytes].decode("utf-8", "ignore")
    return as_text({"n": number, "d": text + "." * (room_bytes - len(text.encode()))})
