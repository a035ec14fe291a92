"""Unit costs with round figures, so that what a job costs can be added up in one's head."""

from __future__ import annotations

from lab_servers.measure.costs import Cost, MessageCost, WayCosts
from lab_servers.measure.transports import Transport

POST = MessageCost(Cost(bytes=300, requests=1, processor_s=4e-4))

UNITS = {
    Transport.POLLING: WayCosts(
        opening=Cost(),
        quiet=Cost(bytes=250, requests=1, processor_s=3e-4),
        news=Cost(bytes=50, processor_s=1e-5),
        down=MessageCost(Cost(bytes=1, processor_s=1e-5)),
        up=POST,
    ),
    Transport.LONG_POLLING: WayCosts(
        opening=Cost(),
        quiet=Cost(bytes=260, requests=1, processor_s=6e-4),
        news=Cost(bytes=50),
        down=MessageCost(Cost(bytes=1)),
        up=POST,
    ),
    Transport.SSE: WayCosts(
        opening=Cost(bytes=300, requests=1),
        quiet=Cost(bytes=10, processor_s=1e-4),
        news=Cost(),
        down=MessageCost(Cost(bytes=20, processor_s=1e-4)),
        up=POST,
    ),
    Transport.WEBSOCKET: WayCosts(
        opening=Cost(bytes=400, requests=1),
        quiet=Cost(bytes=8, processor_s=1e-4),
        news=Cost(),
        down=MessageCost(Cost(bytes=2, processor_s=1e-4)),
        up=MessageCost(Cost(bytes=6, processor_s=1e-4)),
    ),
}
