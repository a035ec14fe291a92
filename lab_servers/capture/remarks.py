"""The sentences about what a capture file lacks, and how addresses are written in them.

``loading.py`` gathers the facts; recordings and views pass the sentences on.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping

from lab_servers.capture.direction import Direction, Hole

_MOST_LINK_TYPES = 3  # named in one sentence


def address(source: bytes) -> tuple[str, int]:
    """Address and port out of a packet's bytes."""
    host, port = source[:-2], int.from_bytes(source[-2:], "big")
    return str(ipaddress.IPv4Address(host) if len(host) == 4 else ipaddress.IPv6Address(host)), port


def written(place: tuple[str, int]) -> str:
    """Address and port as one word; an IPv6 address stands in brackets (RFC 3986 section 3.2.2)."""
    host, port = place
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def began_before(server: str, number: int) -> str:
    """The opening of a connection is not in the file."""
    return f"{server} connection {number} began before the file: what was sent before is not explained."


def of_direction(direction: Direction, server: str, number: int, by_bound: int) -> tuple[int, tuple[str, ...]]:
    """How many bytes of a direction are not in its stream, and the sentence that says so, if any is missing.

    Args:
        direction: What one side sent.
        server: The server's name.
        number: The connection's number.
        by_bound: How many bytes of it a relay did not record, as a file of ours says.
    """
    hole = direction.hole()
    direction.forget_waiting()
    assert direction.sender is not None
    sender, of = direction.sender.value, f"{server} connection {number}"
    if direction.dropped_bytes and hole is not None:
        count = hole.passed_bytes
        return count, (
            f"The bound on memory for this file was reached: {counted(count, 'byte')} from the {sender} of {of} "
            f"{'is' if count == 1 else 'are'} left out.",
        )
    if by_bound:
        return by_bound, (
            f"The bound on recording was reached: {counted(by_bound, 'byte')} from the {sender} of {of} "
            "passed unrecorded.",
        )
    return (hole.passed_bytes, (_hole(hole, sender, of),)) if hole is not None else (0, ())


def _hole(hole: Hole, sender: str, of: str) -> str:
    after = (
        "nothing after them was captured"
        if not hole.captured_bytes
        else f"the {counted(hole.captured_bytes, 'byte')} captured after them are not explained"
    )
    return (
        f"{counted(hole.missing_bytes, 'byte')} {'is' if hole.missing_bytes == 1 else 'are'} missing from the file "
        f"at offset {hole.offset:,} of what the {sender} sent on {of}; {after}."
    )


def of_file(
    packets: int,
    *,
    has_tcp: bool,
    link_types: Mapping[int, int],
    fragments: int,
    broken: int,
    cut: int,
    marks_left_out: int,
) -> Iterator[str]:
    """What whoever looks at the file must know about all of it, one sentence each.

    Args:
        packets: How many the file has.
        has_tcp: Whether anything in it can be shown.
        link_types: Packets by link type, of those link types that are not read here.
        fragments: Fragments of IP packets.
        broken: Packets whose headers are cut off or contradict themselves.
        cut: Segments that a snap length cut.
        marks_left_out: Marks beyond the bound on memory.
    """
    if not has_tcp:
        what = "no packets" if not packets else f"{counted(packets, 'packet')}, but no TCP that can be read"
        yield f"The file has {what}: there is no connection to show."
    for link_type, count in sorted(link_types.items(), key=lambda item: -item[1])[:_MOST_LINK_TYPES]:
        yield f"Left out: {counted(count, 'packet')} of link type {link_type}, which is not read here."
    if fragments:
        yield f"Left out: {counted(fragments, 'fragment')} of IP packets; fragments are not put together here."
    if broken:
        yield f"Left out: {counted(broken, 'packet')} whose IP or TCP header is cut off or contradicts itself."
    if cut:
        yield f"Cut short when they were captured: {counted(cut, 'packet')}. With tcpdump, -s 0 keeps all of each."
    if marks_left_out:
        yield f"The bound on memory for this file was reached: {counted(marks_left_out, 'mark')} left out."


def counted(count: int, noun: str) -> str:
    """A number with its noun, as in "1 packet" and "2,000 packets"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
