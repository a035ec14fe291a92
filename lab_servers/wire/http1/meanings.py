"""What methods, status codes and fields mean, one sentence each, with the section that says so."""

from __future__ import annotations

from typing import NamedTuple


class Meaning(NamedTuple):
    """A sentence, and where it is specified."""

    text: str
    spec: str


METHODS = {
    "GET": Meaning("Asks for what the target names.", "RFC 9110 §9.3.1"),
    "HEAD": Meaning("Asks for the head alone of the answer that a GET would have.", "RFC 9110 §9.3.2"),
    "POST": Meaning("Hands content to the target, which does with it what it is for.", "RFC 9110 §9.3.3"),
    "PUT": Meaning("Puts the content in the place of what the target names.", "RFC 9110 §9.3.4"),
    "DELETE": Meaning("Asks to remove what the target names.", "RFC 9110 §9.3.5"),
    "CONNECT": Meaning(
        "Asks a proxy for a tunnel to the target; after a 2xx answer this is no HTTP.", "RFC 9110 §9.3.6"
    ),
    "OPTIONS": Meaning("Asks what can be done with the target.", "RFC 9110 §9.3.7"),
    "TRACE": Meaning("Asks to have the request sent back.", "RFC 9110 §9.3.8"),
    "PATCH": Meaning("Changes what the target names by the instructions in the content.", "RFC 5789 §2"),
}
OTHER_METHOD = Meaning("What is to be done with the target. This method is not one of RFC 9110.", "RFC 9110 §9.1")

STATUS_CODES = {
    100: Meaning("Continue: the client may send the body; the real answer follows.", "RFC 9110 §15.2.1"),
    101: Meaning("Switching Protocols: after this head the connection speaks what Upgrade names.", "RFC 9110 §15.2.2"),
    103: Meaning("Early Hints: fields that the real answer will probably have.", "RFC 8297 §2"),
    200: Meaning("OK: it worked, and the content is the result.", "RFC 9110 §15.3.1"),
    201: Meaning("Created: there is something new; Location says where.", "RFC 9110 §15.3.2"),
    202: Meaning("Accepted: it will be worked on; the result is not here yet.", "RFC 9110 §15.3.3"),
    204: Meaning("No Content: it worked, and there is no body. An EventSource stops for good.", "RFC 9110 §15.3.5"),
    206: Meaning("Partial Content: the part that was asked for.", "RFC 9110 §15.3.7"),
    301: Meaning("Moved Permanently: ask at Location from now on.", "RFC 9110 §15.4.2"),
    302: Meaning("Found: ask at Location this time.", "RFC 9110 §15.4.3"),
    303: Meaning("See Other: GET the result at Location.", "RFC 9110 §15.4.4"),
    304: Meaning("Not Modified: what the client has is still right, so no body is sent.", "RFC 9110 §15.4.5"),
    307: Meaning("Temporary Redirect: repeat the request, as it is, at Location.", "RFC 9110 §15.4.8"),
    308: Meaning("Permanent Redirect: repeat the request, as it is, at Location from now on.", "RFC 9110 §15.4.9"),
    400: Meaning("Bad Request: the server cannot make sense of the request.", "RFC 9110 §15.5.1"),
    401: Meaning("Unauthorized: the client must say who it is.", "RFC 9110 §15.5.2"),
    403: Meaning("Forbidden: the server knows what is wanted, and refuses.", "RFC 9110 §15.5.4"),
    404: Meaning("Not Found: there is nothing at the target.", "RFC 9110 §15.5.5"),
    405: Meaning("Method Not Allowed: the target is there; Allow says what can be done with it.", "RFC 9110 §15.5.6"),
    408: Meaning("Request Timeout: the server waited too long for the whole request.", "RFC 9110 §15.5.9"),
    409: Meaning("Conflict: the request does not fit what the target is now.", "RFC 9110 §15.5.10"),
    411: Meaning("Length Required: the server wants a Content-Length.", "RFC 9110 §15.5.12"),
    412: Meaning("Precondition Failed: a condition in the head did not hold.", "RFC 9110 §15.5.13"),
    413: Meaning("Content Too Large: the body is more than the server takes.", "RFC 9110 §15.5.14"),
    415: Meaning("Unsupported Media Type: the server does not read content of this type.", "RFC 9110 §15.5.16"),
    417: Meaning("Expectation Failed: the server does not do what Expect asks for.", "RFC 9110 §15.5.18"),
    422: Meaning("Unprocessable Content: understood, and wrong.", "RFC 9110 §15.5.21"),
    426: Meaning("Upgrade Required: only in the protocol that Upgrade names.", "RFC 9110 §15.5.22"),
    429: Meaning("Too Many Requests: slow down; Retry-After may say for how long.", "RFC 6585 §4"),
    431: Meaning("Request Header Fields Too Large: the head is more than the server takes.", "RFC 6585 §5"),
    500: Meaning("Internal Server Error: the server failed.", "RFC 9110 §15.6.1"),
    501: Meaning("Not Implemented: the server does not know the method.", "RFC 9110 §15.6.2"),
    502: Meaning("Bad Gateway: a proxy got an answer that it cannot use.", "RFC 9110 §15.6.3"),
    503: Meaning("Service Unavailable: not now; Retry-After may say when.", "RFC 9110 §15.6.4"),
    504: Meaning("Gateway Timeout: a proxy waited too long for the answer.", "RFC 9110 §15.6.5"),
    505: Meaning("HTTP Version Not Supported.", "RFC 9110 §15.6.6"),
}
STATUS_CLASSES = {
    1: Meaning("A provisional answer; the real one follows.", "RFC 9110 §15.2"),
    2: Meaning("It worked.", "RFC 9110 §15.3"),
    3: Meaning("The client must do something more, mostly ask elsewhere.", "RFC 9110 §15.4"),
    4: Meaning("The request is wrong, or not allowed.", "RFC 9110 §15.5"),
    5: Meaning("The request may be right; the server failed.", "RFC 9110 §15.6"),
}
OTHER_STATUS = Meaning(
    "A status code must be from 100 to 599; a client takes it for an error of the server.", "RFC 9110 §15"
)

FIELDS = {
    "accept": Meaning("Which types of content the client wants.", "RFC 9110 §12.5.1"),
    "accept-encoding": Meaning("Which codings of the content, such as gzip, the client can undo.", "RFC 9110 §12.5.3"),
    "accept-language": Meaning("Which languages the reader prefers.", "RFC 9110 §12.5.4"),
    "access-control-allow-origin": Meaning("Pages of which origin may read the answer.", "Fetch"),
    "allow": Meaning("Which methods the target knows.", "RFC 9110 §10.2.1"),
    "authorization": Meaning("Who asks; treat it as a secret.", "RFC 9110 §11.6.2"),
    "cache-control": Meaning("Who may keep the answer, and for how long.", "RFC 9111 §5.2"),
    "connection": Meaning(
        "What holds for this connection alone: close, keep-alive, or names of fields.", "RFC 9110 §7.6.1"
    ),
    "content-encoding": Meaning("How the content is coded; a receiver undoes it to get at the type.", "RFC 9110 §8.4"),
    "content-length": Meaning("How many bytes the body has. Bytes, not characters.", "RFC 9110 §8.6"),
    "content-type": Meaning("What the content is, and for text mostly in which encoding.", "RFC 9110 §8.3"),
    "cookie": Meaning("What the server asked the client to say each time; treat it as a secret.", "RFC 6265 §5.4"),
    "date": Meaning("When the answer was made.", "RFC 9110 §6.6.1"),
    "etag": Meaning("A name for this very version of the content.", "RFC 9110 §8.8.3"),
    "expect": Meaning("100-continue: the client waits with the body until the server wants it.", "RFC 9110 §10.1.1"),
    "host": Meaning("Which host is meant: one address may serve many names.", "RFC 9110 §7.2"),
    "if-none-match": Meaning("Send the content only if its ETag is none of these.", "RFC 9110 §13.1.2"),
    "if-modified-since": Meaning("Send the content only if it was changed since then.", "RFC 9110 §13.1.3"),
    "keep-alive": Meaning("How long an idle connection is kept; left over from HTTP/1.0.", "RFC 9112 §C.2.2"),
    "last-event-id": Meaning("The last event that an EventSource saw before it had to reconnect.", "HTML §9.2.4"),
    "last-modified": Meaning("When the content was last changed.", "RFC 9110 §8.8.2"),
    "location": Meaning("Where else to ask, or where the new thing is.", "RFC 9110 §10.2.2"),
    "origin": Meaning("Which page's script asks. A browser sets it and no script can.", "RFC 6454 §7"),
    "referer": Meaning("From which page the reader came.", "RFC 9110 §10.1.3"),
    "retry-after": Meaning("When to ask again.", "RFC 9110 §10.2.3"),
    "sec-websocket-accept": Meaning(
        "The answer to Sec-WebSocket-Key: the server understood the question.", "RFC 6455 §4.2.2"
    ),
    "sec-websocket-extensions": Meaning("Extensions that are offered, or that are used from here on.", "RFC 6455 §9.1"),
    "sec-websocket-key": Meaning("Sixteen random bytes in base64; not a secret, and not an identity.", "RFC 6455 §4.1"),
    "sec-websocket-protocol": Meaning(
        "What is spoken inside the WebSocket: the offer, or the choice.", "RFC 6455 §4.1"
    ),
    "sec-websocket-version": Meaning("The version of the WebSocket protocol: 13.", "RFC 6455 §4.1"),
    "server": Meaning("The program that answers.", "RFC 9110 §10.2.4"),
    "set-cookie": Meaning("What the client shall say each time from now on.", "RFC 6265 §4.1"),
    "te": Meaning("Which transfer codings, and whether trailers, the client takes.", "RFC 9110 §10.1.4"),
    "trailer": Meaning("Which fields will follow the body.", "RFC 9110 §6.6.2"),
    "transfer-encoding": Meaning("How the body is framed on this connection: chunked.", "RFC 9112 §6.1"),
    "upgrade": Meaning("Which other protocol this connection could speak, or does from here on.", "RFC 9110 §7.8"),
    "user-agent": Meaning("The program that asks.", "RFC 9110 §10.1.5"),
    "vary": Meaning("Which fields of the request the answer depends on.", "RFC 9110 §12.5.5"),
    "via": Meaning("Which proxies passed it on.", "RFC 9110 §7.6.3"),
    "www-authenticate": Meaning("How the client can say who it is.", "RFC 9110 §11.6.1"),
    "x-accel-buffering": Meaning(
        "nginx alone: no keeps it from collecting the answer before it passes it on.", "nginx"
    ),
}
OTHER_FIELD = Meaning("A field that is not among those explained here.", "RFC 9110 §5.1")


def of_status(code: int) -> Meaning:
    """The meaning of a status code, known or not."""
    return STATUS_CODES.get(code) or STATUS_CLASSES.get(code // 100) or OTHER_STATUS


def of_field(name: str) -> Meaning:
    """The meaning of a field, by its name in any case."""
    return FIELDS.get(name.strip().lower(), OTHER_FIELD)
