"""The rules that a parser of event streams must keep, from the plain to the rare, and where each was broken for real.

``conformance.py`` has the streams that try them; ``break_parser.py`` tries a parser. An incident stands here only if
its report describes this very bug.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab_servers.wire.spec import spec_url

_LINES = spec_url("HTML §9.2.5")
_MEANING = spec_url("HTML §9.2.6")
_UTF_8 = spec_url("Encoding")


@dataclass(frozen=True)
class Incident:
    """One place where the bug was met.

    Attributes:
        project: ``"owner/name"`` on GitHub.
        number: Of the issue or pull request.
        what: What came of it, in a few words.
        kind: ``"issues"`` or ``"pull"``, as it stands in the address.
    """

    project: str
    number: int
    what: str
    kind: str = "issues"

    @property
    def name(self) -> str:
        """``"httpx-sse #34"``."""
        return f"{self.project.partition('/')[2]} #{self.number}"

    @property
    def url(self) -> str:
        """Where it can be read."""
        return f"https://github.com/{self.project}/{self.kind}/{self.number}"


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        id: Its name.
        sentence: What it says.
        section: URL of the section that says so.
        incidents: Where it was broken.
    """

    id: str
    sentence: str
    section: str
    incidents: tuple[Incident, ...] = ()


# The rules of cuts: they are met wherever a read ends, whatever the stream is about.
CUT_LINE, CUT_CRLF, CUT_CHARACTER, CUT_MARK = "cut-line", "cut-crlf", "cut-character", "cut-byte-order-mark"
IN_TIME = "in-time"

RULES: tuple[Rule, ...] = (
    Rule("blank-line", "A blank line dispatches the event whose lines came before it.", _MEANING),
    Rule(
        CUT_LINE,
        "A read may end anywhere: what is not complete waits for the rest.",
        _LINES,
        (
            Incident("brave/brave-browser", 52830, "half of a data line was no JSON, the other half was dropped"),
            Incident("labring/FastGPT", 798, "answers were shown in parts only"),
            Incident("mpetazzoni/sse.js", 36, "two line feeds in two packets were no blank line"),
        ),
    ),
    Rule(
        IN_TIME,
        "An event is dispatched when its blank line has come, not when more has come or the stream ends.",
        _MEANING,
        (Incident("cohere-ai/cohere-typescript", 301, "a complete event waited for the next read"),),
    ),
    Rule(
        "data-lines",
        "Several data lines of a block are joined with line feeds.",
        _MEANING,
        (
            Incident("stalwartlabs/jmap-client", 19, "two lines became one word"),
            Incident("profullstack/sh1pt", 705, "each line was taken for a whole document, and the result was empty"),
        ),
    ),
    Rule(
        "event-type",
        'An event line names the type of its own block; without one the type is "message".',
        _MEANING,
        (
            Incident(
                "modelcontextprotocol/java-sdk", 1094, "later messages kept an old type and were dropped", kind="pull"
            ),
        ),
    ),
    Rule(
        "optional-space",
        "The space after the colon may be missing.",
        _MEANING,
        (
            Incident("openai/openai-python", 559, "servers that send none could not be read", kind="pull"),
            Incident("genkit-ai/genkit", 3728, "events of such servers could not be read"),
        ),
    ),
    Rule(
        "one-space",
        "One space after the colon is taken off; all other white space belongs to the value.",
        _MEANING,
        (
            Incident("spring-projects/spring-framework", 27473, "indented text lost its indentation"),
            Incident("langchain4j/langchain4j", 5531, "values lost the spaces at both ends"),
        ),
    ),
    Rule(
        "first-colon",
        "The first colon of a line ends the name; all further ones belong to the value.",
        _MEANING,
        (Incident("denoland/deno", 22368, "messages ended at their first colon", kind="pull"),),
    ),
    Rule(
        "empty-data",
        "An empty data line makes an event with empty data.",
        _MEANING,
        (Incident("doublewordai/control-layer", 171, "empty data was an error", kind="pull"),),
    ),
    Rule(
        "name-alone",
        "A line without a colon is the name of a field whose value is empty.",
        _MEANING,
        (
            Incident("mpetazzoni/sse.js", 48, "such lines were ignored"),
            Incident("lukeed/fetch-event-stream", 6, "such lines were ignored"),
        ),
    ),
    Rule(
        "comment",
        "A line that begins with a colon is a comment: it does nothing.",
        _MEANING,
        (Incident("googleapis/go-genai", 903, "the heartbeat of a gateway was an error"),),
    ),
    Rule(
        "id",
        "An id line gives its event, and every later one, a last event ID, until another comes.",
        _MEANING,
        (Incident("EventSource/eventsource", 358, "the next event without an id had none", kind="pull"),),
    ),
    Rule(
        "no-data",
        "A block without a data line dispatches nothing.",
        _MEANING,
        (
            Incident("florimondmanca/httpx-sse", 35, "a heartbeat after an id became an empty event"),
            Incident("maximhq/bifrost", 5874, "streams of openai-go broke off at the first heartbeat"),
        ),
    ),
    Rule(
        "empty-id",
        "An empty id resets the last event ID.",
        _MEANING,
        (Incident("launchdarkly/rust-eventsource-client", 28, "the old ID was sent again", kind="pull"),),
    ),
    Rule(
        "nul-in-id",
        "An id with NUL in it is ignored, and the one before stays.",
        _MEANING,
        (Incident("rexxars/eventsource-parser", 34, "such a line wiped the ID", kind="pull"),),
    ),
    Rule(
        "retry",
        "A retry line is no event, and never an error.",
        _MEANING,
        (Incident("spring-projects/spring-framework", 37193, "one that is no number ended the stream", kind="pull"),),
    ),
    Rule(
        "exact-name",
        "Names match exactly; a line with any other name is ignored.",
        _MEANING,
        (Incident("stalwartlabs/jmap-client", 25, "a name with a space before it counted"),),
    ),
    Rule(
        "crlf",
        "CRLF ends a line as LF does, and is one line end.",
        _LINES,
        (
            Incident("hey-api/hey-api", 3054, "a parser that splits at two line feeds found no event at all"),
            Incident("mpetazzoni/sse.js", 17, "a CRLF was taken for two line ends"),
        ),
    ),
    Rule(
        CUT_CRLF,
        "CRLF is one line end even if a read ends between the two.",
        _LINES,
        (Incident("rexxars/eventsource-parser", 17, "one event became two"),),
    ),
    Rule(
        "cr",
        "A CR alone ends a line.",
        _LINES,
        (Incident("a2aproject/a2a-js", 714, "such streams brought no event, and no error"),),
    ),
    Rule(
        "no-other-line-end",
        "Nothing else ends a line: U+2028, U+2029, U+0085, VT and FF are data.",
        _LINES,
        (
            Incident("florimondmanca/httpx-sse", 34, "JSON with U+2028 was cut in two"),
            Incident("mpetazzoni/sseclient", 9, "str.splitlines lost data"),
        ),
    ),
    Rule(
        CUT_CHARACTER,
        "A read may end inside a character: decode the stream, not each piece of it.",
        _UTF_8,
        (
            Incident("katanemo/plano", 980, "Chinese answers broke off"),
            Incident("jawah/urllib3.future", 349, "a French place name raised an error"),
            Incident("btubbs/sseclient", 38, "characters became U+FFFD"),
        ),
    ),
    Rule(
        "byte-order-mark",
        "One byte order mark at the very beginning is taken off; any other belongs to the text.",
        _MEANING,
        (
            Incident("vm0-ai/vm0", 24687, "the first event was ignored"),
            Incident("openai/openai-python", 3819, "the first event was dropped", kind="pull"),
        ),
    ),
    Rule(
        CUT_MARK,
        "A byte order mark counts at the beginning of the stream, not of a piece, and may itself be cut.",
        _MEANING,
        (Incident("vm0-ai/vm0", 24687, "the first event was ignored, in pieces as well"),),
    ),
    Rule(
        "broken-utf-8",
        "What is not UTF-8 becomes U+FFFD, and never an error.",
        _UTF_8,
        (Incident("mattt/EventSource", 2, "a line with such bytes could not be read", kind="pull"),),
    ),
    Rule(
        "unfinished",
        "At the end of the stream an event without its blank line is dropped.",
        _MEANING,
        (Incident("lathe-cli/lathe", 131, "half an event was dispatched at the end"),),
    ),
)

RULE_BY_ID = {rule.id: rule for rule in RULES}
