"""The lab's own clients: plain coroutines, each returning what it received, with marks.

They are small on purpose and obey no proxy variable of the environment. Run them in a lab
(``lab.run(get(url))``) or in any event loop. Cancelling one closes its socket at once.
"""

from lab_servers.clients.answers import AnswerRead, Way, read_answer
from lab_servers.clients.ending import Ending
from lab_servers.clients.event_source import EventSourceRun, ReadyState, Stop, event_source
from lab_servers.clients.http import Answer, get, get_all, post, request
from lab_servers.clients.polling import JobEvent, LongPolled, Polled, long_poll, poll
from lab_servers.clients.sse import EventStream, read_events
from lab_servers.clients.websocket import Conversation, converse

__all__ = [
    "Answer",
    "AnswerRead",
    "Conversation",
    "Ending",
    "EventSourceRun",
    "EventStream",
    "JobEvent",
    "LongPolled",
    "Polled",
    "ReadyState",
    "Stop",
    "Way",
    "converse",
    "event_source",
    "get",
    "get_all",
    "long_poll",
    "poll",
    "post",
    "read_answer",
    "read_events",
    "request",
]
