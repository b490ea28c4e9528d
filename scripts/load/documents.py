"""Split what SQL can't read as it is into rows of file, line, fault and text.

SQL judges what a document means. Here is only what SQL can't do: distinguish text from
other bytes, and find where one document ends and the next begins.
"""

import codecs
import json
import re
from collections.abc import Iterable, Iterator

# Keep at most so many bytes of an oversized document for the report. SQL refuses those
# between 4 MB and this.
SHOWN = 5_000_000
# What no JSON may hold, but for tab, line feed and carriage return.
CONTROLS = bytes({*range(32)} - {9, 10, 13})
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\udc80-\udcff]")
BYTE_ORDER_MARK = "\ufeff".encode()
BLANKS = b" \t\r"
NOT_BLANK = re.compile(r"[^ \t\r\n]")
NEXT_OBJECT = re.compile(r"\n[ \t]*\{")

MALFORMED = "not valid JSON: malformed or cut off"
TOO_LONG = "longer than 4 MB"

Row = tuple[int, str, bytes]  # line, fault or nothing, text without line ends

_lenient = json.JSONDecoder(strict=False)


def is_utf8(text: bytes) -> bool:
    """Whether these bytes are whole characters of UTF-8."""
    try:
        return text.isascii() or text.decode() != ""
    except UnicodeDecodeError:
        return False


def is_clean(text: bytes) -> bool:
    """Whether SQL can read these whole lines as they are: UTF-8 without controls."""
    return (
        is_utf8(text)
        and len(text.translate(None, CONTROLS)) == len(text)
        and text.count(b"\r") == text.count(b"\r\n")
        and not text.startswith(BYTE_ORDER_MARK)
    )


def split_lines(chunks: Iterable[bytes]) -> Iterator[list[Row]]:
    """The rows of a log, one object a line, chunk by chunk."""
    line = 1
    for text, is_cut in whole_lines(chunks):
        if is_cut:
            yield [(line, TOO_LONG, _shown(text))]
            line += 1
            continue
        lines = text.split(b"\n")
        if text.endswith(b"\n"):
            lines.pop()
        is_usual = is_clean(text) and max(map(len, lines)) <= SHOWN
        yield [
            (number, "", content.rstrip(b"\r"))
            if is_usual
            else (number, *_examined(content))
            for number, content in enumerate(lines, line)
            if content.strip(BLANKS)
        ]
        line += len(lines)


def whole_lines(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Chunks again, cut after a line end, and whether one is a line that was cut off.

    A line that is much too long is one chunk, of which only the beginning is kept.
    """
    rest = b""
    is_cut = False
    for chunk in chunks:
        start = 0
        if is_cut:
            start = chunk.find(b"\n") + 1
            if not start:
                continue
            yield rest, True
            rest, is_cut = b"", False
        end = chunk.rfind(b"\n", start) + 1
        if end:
            yield rest + chunk[start:end], False
            rest, start = b"", end
        rest += chunk[start:]
        if len(rest) > SHOWN:
            rest, is_cut = rest[:SHOWN], True
    if rest:
        yield rest, is_cut


def split_documents(chunks: Iterable[bytes]) -> Iterator[list[Row]]:
    """The rows of a song file: JSON values with white space between, COPY's own rule.

    What is not JSON goes on until the next line that opens an object.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    more = iter(chunks)
    text, position, line, is_last = "", 0, 1, False
    while True:
        match = NOT_BLANK.search(text, position)
        if match is None:
            line += text.count("\n", position)
            if is_last:
                return
            chunk = next(more, b"")
            is_last = not chunk
            text, position = decoder.decode(chunk, final=is_last), 0
            continue
        start = match.start()
        line += text.count("\n", position, start)
        # A byte order mark belongs to the first document, whose fault it is.
        skipped = start + (text[start] == "\ufeff")
        try:
            position = _lenient.raw_decode(text, skipped)[1]
            is_whole = position < len(text) or text[-1] in '}]"'
        except (ValueError, RecursionError):
            following = NEXT_OBJECT.search(text, start)
            position = following.start() if following else len(text)
            is_whole = len(text) - start > SHOWN
        if not is_whole and not is_last:
            chunk = next(more, b"")
            is_last = not chunk
            text = text[start:] + decoder.decode(chunk, final=is_last)
            position = 0
            continue
        content = text[start:position].encode("utf-8", "surrogateescape")
        yield [(line, *_examined(content.rstrip(BLANKS + b"\n")))]
        line += text.count("\n", start, position)


def _examined(document: bytes) -> tuple[str, bytes]:
    """A document's fault, if bytes alone show one, and its text in one line."""
    if len(document) > SHOWN:
        return TOO_LONG, _shown(document[:SHOWN])
    if document.startswith(BYTE_ORDER_MARK):
        fault = "starts with a byte order mark; save the file as UTF-8 without it"
        return fault, _shown(document)
    control = CONTROL.search(document.decode("utf-8", "surrogateescape"))
    if control:
        fault = "holds a NUL byte or another control character"
        return "not valid UTF-8" if control[0] > "\x1f" else fault, _shown(document)
    document = document.rstrip(b"\r")
    if b"\n" not in document and b"\r" not in document:
        return "", document
    # Line ends are white space between the parts of JSON, and an error within a text.
    try:
        json.loads(document)
    except (ValueError, RecursionError):
        return MALFORMED, _shown(document)
    return "", _shown(document)


def _shown(document: bytes) -> bytes:
    """A document in one line, with what is not text in hexadecimal."""
    text = document.decode("utf-8", "surrogateescape")
    text = CONTROL.sub(lambda control: f"\\x{ord(control[0]) & 0xFF:02x}", text)
    return text.replace("\r", " ").replace("\n", " ").encode()
