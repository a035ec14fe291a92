"""What code can know is read off its imports: the relay knows no protocol, and what does is found out."""

from __future__ import annotations

import pytest

from lab_servers.course.imported import import_table, imported_by, protocols_known_to
from lab_servers.errors import BadParameter


def test_the_relay_and_all_of_ours_that_it_needs_are_listed_with_their_imports() -> None:
    found = imported_by("lab_servers.capture.relay")
    assert next(iter(found)) == "lab_servers.capture.relay"
    assert "lab_servers.capture.connection" in found["lab_servers.capture.relay"]
    assert set(found) >= {"lab_servers.capture.connection", "lab_servers.capture.capture", "lab_servers.marks"}
    assert "lab_servers.capture.relay" in found["lab_servers.capture.connection"], "for types alone, yet counted"
    assert "socket" in found["lab_servers.capture.connection"]


@pytest.mark.parametrize(
    ("module", "protocol"),
    [
        ("lab_servers.clients.http", "aiohttp"),
        ("lab_servers.dissection", "lab_servers.wire.conversation"),
        ("lab_servers.servers.websocket", "websockets.asyncio.server"),
    ],
)
def test_code_that_knows_a_protocol_is_found_out(module: str, protocol: str) -> None:
    assert protocol in protocols_known_to(module)


def test_the_table_has_a_row_for_each_and_says_that_there_is_no_protocol() -> None:
    table = import_table("lab_servers.capture.relay")
    assert len(table.rows) == len(imported_by("lab_servers.capture.relay"))
    assert table.caption.endswith("Imports that know a protocol above TCP: none")
    assert "aiohttp" in import_table("lab_servers.clients.http").caption


@pytest.mark.parametrize("name", ["json", "lab_servers.nothing", "lab_servers.nothing.at_all", ""])
def test_a_module_that_is_not_ours_is_refused(name: str) -> None:
    with pytest.raises(BadParameter, match="no module"):
        import_table(name)
