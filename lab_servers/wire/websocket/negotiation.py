"""permessage-deflate's parameters (RFC 7692 §7.1): what an offer and an answer say, and whether they fit together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lab_servers.wire.websocket.inflate import Deflate
from lab_servers.wire.websocket.lists import Extension, extensions_of

DEFLATE = "permessage-deflate"
_WITHOUT_VALUE = ("server_no_context_takeover", "client_no_context_takeover")
_BITS = ("server_max_window_bits", "client_max_window_bits")
_WINDOW_BITS = re.compile("[89]|1[0-5]")
MAX_WINDOW_BITS = 15


@dataclass(frozen=True)
class Fault:
    """Why an offer or an answer is invalid: a sentence, and the section that says so."""

    text: str
    spec: str


def parameter_faults(extension: Extension, *, is_offer: bool) -> list[Fault]:
    """What is wrong with the parameters of a permessage-deflate by itself.

    Only an offer may name ``client_max_window_bits`` without a value.
    """
    faults = []
    seen = set()
    for name, value in extension.parameters:
        if name in seen:
            faults.append(Fault(f"The parameter {name} appears more than once.", "RFC 7692 §7.1"))
        seen.add(name)
        if name in _WITHOUT_VALUE:
            if value is not None:
                side = "1" if name.startswith("server") else "2"
                faults.append(Fault(f"The parameter {name} takes no value.", f"RFC 7692 §7.1.1.{side}"))
        elif name in _BITS:
            side = "1" if name.startswith("server") else "2"
            may_lack_value = is_offer and side == "2"
            if value is None and may_lack_value:
                continue
            if value is None or not _WINDOW_BITS.fullmatch(value):
                shown = "nothing" if value is None else f'"{value}"'
                faults.append(
                    Fault(
                        f"{name} must be a whole number from 8 to 15 without leading zeros, not {shown}.",
                        f"RFC 7692 §7.1.2.{side}",
                    )
                )
        else:
            faults.append(Fault(f'permessage-deflate has no parameter "{name}".', "RFC 7692 §7.1"))
    return faults


def answer_faults(answer: Extension, offers: Sequence[Extension]) -> list[Fault]:
    """Why an answer fits none of the valid offers of permessage-deflate; empty if it fits one."""
    best: list[Fault] | None = None
    for offer in offers:
        if offer.is_broken or parameter_faults(offer, is_offer=True):
            continue
        faults = _misfit(dict(answer.parameters), dict(offer.parameters))
        if best is None or len(faults) < len(best):
            best = faults
    return [Fault("The client made no valid offer of permessage-deflate.", "RFC 7692 §5.1")] if best is None else best


def _misfit(answer: dict[str, str | None], offer: dict[str, str | None]) -> list[Fault]:
    faults = []
    if "server_no_context_takeover" in offer and "server_no_context_takeover" not in answer:
        text = "The client demands server_no_context_takeover, and a server that accepts must say so too."
        faults.append(Fault(text, "RFC 7692 §7.1.1.1"))
    if "server_max_window_bits" in offer:
        limit, used = int(offer["server_max_window_bits"] or 0), answer.get("server_max_window_bits")
        if used is None or int(used) > limit:
            text = (
                f"The client demands server_max_window_bits of at most {limit}, and the answer does not promise that."
            )
            faults.append(Fault(text, "RFC 7692 §7.1.2.1"))
    if "client_max_window_bits" in answer:
        if "client_max_window_bits" not in offer:
            text = "The client did not offer client_max_window_bits, so that the answer must not hold it."
            faults.append(Fault(text, "RFC 7692 §7.1.2.2"))
        elif int(answer["client_max_window_bits"] or 0) > int(offer["client_max_window_bits"] or MAX_WINDOW_BITS):
            text = "client_max_window_bits in the answer must not be larger than in the offer."
            faults.append(Fault(text, "RFC 7692 §7.1.2.2"))
    return faults


def negotiated_deflate(extensions: Sequence[str], offered: Sequence[str]) -> tuple[Deflate | None, Deflate | None]:
    """permessage-deflate as a handshake agreed on it: for what the client sends, and for what the server sends.

    Args:
        extensions: The values of the response's ``Sec-WebSocket-Extensions``.
        offered: The values of the request's.

    Returns:
        Twice ``None`` where there is none, or where the answer is one at which a client must fail the connection.
    """
    answers = [extension for extension in extensions_of(extensions) if extension.name == DEFLATE]
    offers = [extension for extension in extensions_of(offered) if extension.name == DEFLATE]
    if not answers or answers[0].is_broken or parameter_faults(answers[0], is_offer=False):
        return None, None
    if answer_faults(answers[0], offers):
        return None, None
    agreed = dict(answers[0].parameters)
    client, server = (
        Deflate(f"{side}_no_context_takeover" in agreed, int(agreed.get(f"{side}_max_window_bits") or MAX_WINDOW_BITS))
        for side in ("client", "server")
    )
    return client, server
