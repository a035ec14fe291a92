"""What the model says, and how its text is cut into tokens: bytes, as real tokenizers cut. Neighbour: timeline.

Each text is there for what it does to readers: in English a token is a word, in Chinese a character or a part of one;
an emoji may be seven code points; an accent may be a code point of its own.
"""

from __future__ import annotations

import random

LANGUAGES = ("mixed", "english", "chinese", "emoji", "combining")

_ENGLISH = (
    "A stream is a promise: what you read so far stays as it is, and more may come. The server writes each piece when "
    "the model has made it, and the reader sees it after one trip across the network. Nothing makes the whole answer "
    'come sooner. A "token" is no word, though, and a chunk is no token; count before you compare. '
)
_CHINESE = (
    "流式传输不会让完整的答案更早到来，只会让第一个字更早出现。服务器每生成一个词元就立刻发送，"
    "读者在一次网络往返之后就能看到它。词元不是字，分块也不是词元；先数清楚，再作比较。"
)
# Families, flags and skin tones are several code points that are drawn as one character.
_EMOJI = "Ready 🚀? A family 👨‍👩‍👧‍👦, a flag 🇯🇵, a wave 👋🏽, a heart ❤️‍🔥, two eyes 👀 and one end 🏁. "
# Letters followed by marks that belong onto them, as NFD has them; Devanagari and Hangul in pieces.
_COMBINING = (
    "Cafe\u0301 and nai\u0308ve, a\u030angstro\u0308m, Vie\u0323\u0302t Nam; \u0928\u092e\u0938\u094d\u0924\u0947; "
    "\u1112\u1161\u11ab\u1100\u1173\u11af; o\u0301\u0323\u0304. "
)

TEXTS = {
    "mixed": (
        "你好! Here is 世界, one piece at a time 🌍. Cafe\u0301 is five code points, and a family 👨‍👩‍👧 is one "
        "character of five. 流式传输 means: you read while I write. Nothing comes sooner as a whole, though: 先数清楚, "
        "再作比较. The end 🏁. "
    ),
    "english": _ENGLISH,
    "chinese": _CHINESE,
    "emoji": _EMOJI,
    "combining": _COMBINING,
}

# No token is longer than this, in bytes.
LONGEST_BYTES = 12
# How often the cut goes through a character of several bytes.
WITHIN_CHARACTER = 0.3
# How often two characters of three bytes are one token.
TWO_TOGETHER = 0.25


def tokens_of(language: str, count: int, chance: random.Random) -> list[bytes]:
    """The first tokens of an answer: bytes that are UTF-8 only together. The text begins anew when it is used up.

    Args:
        language: One of ``LANGUAGES``.
        count: How many tokens, at least 1; the last ends with a whole character.
        chance: Decides where cuts fall.
    """
    text = TEXTS[language].encode()
    found: list[bytes] = []
    place = 0
    while len(found) < count:
        place %= len(text)
        size = _token_size(text, place, chance)
        found.append(text[place : place + size])
        place += size
    found[-1] += _rest_of_character(text, place)
    return found


def pieces_of(text: str, chance: random.Random) -> list[str]:
    """Text such as a tool's arguments, cut into tokens that end with whole code points: 1 to 6 of them each."""
    pieces = []
    while text:
        size = chance.randint(1, 6)
        pieces.append(text[:size])
        text = text[size:]
    return pieces


def _token_size(text: bytes, place: int, chance: random.Random) -> int:
    if text[place] < 0x80:
        return _word_size(text, place)
    character = 1 + len(_rest_of_character(text, place + 1))
    if character == 1:
        return 1
    where = chance.random()
    if where < WITHIN_CHARACTER:
        return chance.randint(1, character - 1)
    following = text[place + character : place + character + 1]
    if where > 1 - TWO_TOGETHER and character == 3 and b"\xe0" <= following < b"\xf0":
        return 2 * character  # a frequent word of two characters, such as 流式
    return character


def _word_size(text: bytes, place: int) -> int:
    """A space with the letters behind it, or one sign: what byte pair encodings make of frequent words."""
    size = 1
    if text[place : place + 1] == b" " or text[place : place + 1].isalnum():
        while size < LONGEST_BYTES and text[place + size : place + size + 1].isalnum():
            size += 1
    return size


def _rest_of_character(text: bytes, place: int) -> bytes:
    """The continuation bytes, 10xxxxxx, that follow (RFC 3629 §3)."""
    end = place
    while end < len(text) and text[end] & 0b1100_0000 == 0b1000_0000:
        end += 1
    return text[place:end]
