"""PostgreSQL's wire protocol, version 3: messages, and a small client of the server.

Source: https://www.postgresql.org/docs/16/protocol-message-formats.html. A message is
one letter, a length of four bytes that counts itself, and a body.
"""

import socket
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path

Message = tuple[bytes, bytes]
PROTOCOL = 196608
SSL_REQUEST = 80877103


class ServerError(Exception):
    """The server answered with an error; `fields` are those of its ErrorResponse."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.fields = {
            part[:1].decode(): part[1:].decode(errors="replace")
            for part in body.split(b"\0")
            if part
        }
        super().__init__(self.fields.get("M", ""))


class Closed(Exception):
    """The other side closed the connection."""


class Channel:
    """One side of a connection: whole messages in and out of a socket."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.reader = sock.makefile("rb", buffering=1 << 16)

    def read(self, size: int) -> bytes:
        data: bytes = self.reader.read(size)
        if len(data) < size:
            raise Closed
        return data

    def read_message(self) -> Message:
        head = self.read(5)
        (length,) = struct.unpack("!i", head[1:])
        return head[:1], self.read(length - 4)

    def send(self, *messages: Message) -> None:
        self.sock.sendall(b"".join(encode(*message) for message in messages))

    def close(self) -> None:
        self.reader.close()
        self.sock.close()


def encode(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


def startup(parameters: Mapping[str, str]) -> bytes:
    """The first packet, which has no letter."""
    pairs = b"".join(f"{key}\0{value}\0".encode() for key, value in parameters.items())
    body = struct.pack("!i", PROTOCOL) + pairs + b"\0"
    return struct.pack("!i", len(body) + 4) + body


class Server(Channel):
    """A connection to PostgreSQL, over the socket in `directory`; no password."""

    def __init__(self, directory: Path, parameters: Mapping[str, str]) -> None:
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(str(directory / ".s.PGSQL.5432"))
        super().__init__(sock)
        sock.sendall(startup(parameters))
        self.greeting = self.until_ready()

    def until_ready(self) -> list[Message]:
        """Read up to and with ReadyForQuery, which says how the transaction is."""
        messages: list[Message] = []
        while not messages or messages[-1][0] != b"Z":
            try:
                messages.append(self.read_message())
            except Closed:
                if messages and messages[-1][0] == b"E":
                    raise ServerError(messages[-1][1]) from None
                raise
        self.status = messages[-1][1]
        for kind, body in messages:
            if kind == b"E":
                raise ServerError(body)
        return messages

    def query(
        self, sql: str, data: Iterable[bytes] = ()
    ) -> list[tuple[str | None, ...]]:
        """Run one text, send `data` if it is a COPY FROM STDIN; rows as text.

        Raises ServerError.
        """
        self.send((b"Q", sql.encode() + b"\0"))
        if data:
            kind, body = self.read_message()
            if kind == b"E":
                self.until_ready()
                raise ServerError(body)
            for chunk in data:
                self.send((b"d", chunk))
            self.send((b"c", b""))
        return [row(body) for kind, body in self.until_ready() if kind == b"D"]


def row(body: bytes) -> tuple[str | None, ...]:
    (count,) = struct.unpack_from("!h", body)
    values: list[str | None] = []
    at = 2
    for _ in range(count):
        (size,) = struct.unpack_from("!i", body, at)
        at += 4
        values.append(None if size < 0 else body[at : at + size].decode())
        at += max(size, 0)
    return tuple(values)


def quote(value: str | None) -> str:
    """A literal for PostgreSQL, in which a backslash escapes."""
    escaped = (value or "").replace("\\", r"\\").replace("'", "''")
    return "null" if value is None else f"'{escaped}'"
