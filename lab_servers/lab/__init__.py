"""The lab: one background thread with one event loop that owns every server, relay and client of ours."""

from lab_servers.lab.current import start_lab
from lab_servers.lab.lab import Lab
from lab_servers.lab.take import Take
from lab_servers.lab.thread import Job

__all__ = ["Job", "Lab", "Take", "start_lab"]
