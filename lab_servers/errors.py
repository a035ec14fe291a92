"""The errors a person can meet: each says in one sentence what went wrong, why, and what to do next.

::

    LabError
    ├── BadParameter       a value out of its bounds; names the parameter, the bounds and the unit
    ├── ExchangeFailed     a client got no answer that it could use; has the HTTP status if there was one
    ├── LabNotRunning      an operation that needs a running lab
    ├── LoadFailed         a file that cannot be read as a capture file
    ├── PortUnavailable    a port that another program holds, or that this user may not open
    ├── SaveFailed         a file that cannot be written
    └── WouldDeadlock      a blocking call made on the lab's own thread

In a notebook an error of this tree is shown as its sentence, without a traceback of ours.
"""

from __future__ import annotations

# Of a value in a sentence; the rest of a long one says nothing more.
MOST_SHOWN_CHARACTERS = 80


class LabError(Exception):
    """Base of every error that this package raises on purpose."""

    def _render_traceback_(self) -> list[str]:
        # IPython asks an exception for this before it draws a traceback. A learner who
        # mistyped a parameter needs the sentence; the frames are all ours and say nothing to them.
        return [f"{type(self).__name__}: {self}"]


class BadParameter(LabError, ValueError):
    """A parameter is outside its bounds or of the wrong kind."""


class ExchangeFailed(LabError):
    """A client got no answer from a server, or none that it could use.

    Attributes:
        status: The HTTP status code that did arrive, or ``None``.
    """

    def __init__(self, sentence: str, *, status: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status


class LabNotRunning(LabError, RuntimeError):
    """The lab has not been started, or has been stopped."""


class LoadFailed(LabError, OSError):
    """A file cannot be read, or is no capture file."""


class PortUnavailable(LabError, OSError):
    """A fixed port that was asked for cannot be opened."""


class SaveFailed(LabError, OSError):
    """A recording cannot be written to the place that was asked for."""


class WouldDeadlock(LabError, RuntimeError):
    """A blocking call on the lab's own thread would wait for itself for ever."""


def require_between(name: str, value: float, least: float, most: float, unit: str = "") -> None:
    """Check a numeric parameter.

    Raises:
        BadParameter: names the parameter, its bounds and its unit, when ``value`` is no finite
            number in ``[least, most]``.
    """
    if not _is_between(value, (int, float), least, most):
        raise BadParameter(f"{name} must be a number from {_bounds(least, most, unit)}, not {shown(value)}.")


def _is_between(value: object, kinds: tuple[type, ...], least: float, most: float) -> bool:
    # NaN is between no two numbers, and infinity beyond every bound; an integer may be too large for any float.
    return isinstance(value, kinds) and not isinstance(value, bool) and least <= value <= most  # type: ignore[operator]


def _bounds(least: float, most: float, unit: str) -> str:
    return f"{_plain(least)} to {_plain(most)} {unit}".rstrip()


def shown(value: object) -> str:
    """A value as a sentence shows it: as Python writes it, on one line, cut where it is long; it may be anything."""
    try:
        text = repr(value)
    except Exception:  # a repr that fails, or an integer with more digits than Python converts
        text = f"a value of type {type(value).__name__}"
    cut = text if len(text) <= MOST_SHOWN_CHARACTERS else f"{text[:MOST_SHOWN_CHARACTERS]}…"
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in cut)


def _plain(bound: float) -> str:
    return f"{bound:,}" if isinstance(bound, int) else f"{bound:g}"


def require_whole(name: str, value: int, least: int, most: int, unit: str = "") -> None:
    """Check a parameter that counts something.

    Raises:
        BadParameter: it is no whole number from ``least`` to ``most``.
    """
    if not _is_between(value, (int,), least, most):
        raise BadParameter(f"{name} must be a whole number from {_bounds(least, most, unit)}, not {shown(value)}.")


def require_one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    """Check a parameter that names a choice.

    Raises:
        BadParameter: names the parameter and the choices, when ``value`` is none of them.
    """
    if not isinstance(value, str) or value not in allowed:
        raise BadParameter(f"{name} must be one of {', '.join(allowed)}, not {shown(value)}.")
