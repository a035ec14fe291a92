"""What can go wrong between a client and a server, as one error with one clear sentence."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from string import ascii_letters, digits
from urllib.parse import urlsplit

import aiohttp

from lab_servers.errors import BadParameter, ExchangeFailed, require_between

LONGEST_TIMEOUT_S = 3600.0

# RFC 9110 §5.6.2: token = 1*tchar, the alphabet of methods and field names.
_TOKEN_CHARACTERS = frozenset("!#$%&'*+-.^_`|~" + digits + ascii_letters)


@asynccontextmanager
async def explained(url: str, timeout_s: float) -> AsyncIterator[None]:
    """Run a block for at most ``timeout_s`` seconds; turn every way it can fail into ExchangeFailed.

    Raises:
        ExchangeFailed: the server could not be reached, went away, answered something that is
            no HTTP, or took longer than ``timeout_s``.
    """
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except TimeoutError as error:
        raise ExchangeFailed(
            f"{url} was not done within {timeout_s:g} s. Raise timeout_s if the server is meant to be this slow."
        ) from error
    except aiohttp.InvalidURL as error:
        raise BadParameter(f"url {url!r} cannot be requested: {error}.") from error
    except aiohttp.ClientConnectorDNSError as error:
        raise ExchangeFailed(f"The host name in {url} is unknown. Check its spelling.") from error
    except aiohttp.ClientConnectorError as error:
        raise unreachable(url, error.os_error) from error
    except aiohttp.ClientResponseError as error:
        raise ExchangeFailed(
            f"{url} answered with bytes that are no HTTP/1.1 response ({one_line(error.message)}). "
            "Look at the bytes in the capture."
        ) from error
    except aiohttp.ServerDisconnectedError as error:
        raise ExchangeFailed(
            f"{url} closed the connection before it had sent a whole response head. "
            "See in the capture what it did send."
        ) from error
    except aiohttp.ClientPayloadError as error:
        raise ExchangeFailed(
            f"The body from {url} ended before it was complete, or was badly framed. "
            "Compare the bytes in the capture with Content-Length or the last chunk."
        ) from error
    except (aiohttp.ClientError, OSError) as error:
        raise ExchangeFailed(
            f"The connection to {url} broke during the exchange ({one_line(str(error))}). "
            "See in the capture which side ended it."
        ) from error


def unreachable(url: str, error: OSError) -> ExchangeFailed:
    """The error for a TCP connection that could not be opened."""
    reason = os.strerror(error.errno) if error.errno and error.errno > 0 else one_line(str(error))
    return ExchangeFailed(
        f"No server could be reached for {url} ({reason}). Start the lab, and check the port in the URL."
    )


def one_line(text: str, limit: int = 120) -> str:
    """A peer's text made fit for a sentence: short, on one line, control characters escaped."""
    flat = " ".join(text.split())
    shown = flat if len(flat) <= limit else flat[: limit - 1] + "…"
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in shown)


def require_url(url: str, *schemes: str) -> None:
    """Check that a URL is absolute and has one of ``schemes``.

    Raises:
        BadParameter: it is not.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in schemes and parts.hostname and parts.port != 0
    except (ValueError, TypeError, AttributeError):
        usable = False
    if not usable or not isinstance(url, str) or not url.isprintable():
        allowed = " or ".join(f"{scheme}://" for scheme in schemes)
        raise BadParameter(f"url must be an address that begins with {allowed}, not {url!r}.")


def require_timeout(timeout_s: float) -> None:
    """Check the parameter ``timeout_s``.

    Raises:
        BadParameter: it is out of bounds.
    """
    require_between("timeout_s", timeout_s, 0.001, LONGEST_TIMEOUT_S, "seconds")


def require_token(name: str, value: str) -> None:
    """Check a parameter that must be a token, such as a method (RFC 9110 §5.6.2).

    Raises:
        BadParameter: it is none.
    """
    if not isinstance(value, str) or not value or not _TOKEN_CHARACTERS.issuperset(value):
        raise BadParameter(f"{name} must be one or more letters, digits or !#$%&'*+-.^_`|~ signs, not {value!r}.")


def require_field_value(name: str, value: str) -> None:
    """Check text that goes into a header field (RFC 9110 §5.5: CR, LF and NUL are dangerous there).

    Raises:
        BadParameter: it holds a control character.
    """
    if not isinstance(value, str) or any((char < " " and char != "\t") or char == "\x7f" for char in value):
        raise BadParameter(f"{name} must be text without control characters, not {value!r}.")


def require_headers(headers: Mapping[str, str]) -> None:
    """Check the names and values of header fields.

    Raises:
        BadParameter: one of them cannot be sent.
    """
    for name, value in headers.items():
        require_token("A name in headers", name)
        require_field_value(f"headers[{name!r}]", value)
