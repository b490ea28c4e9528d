"""The wire between dbt-redshift's driver and PostgreSQL.

A session is one thread. redshift_connector sends Parse and Describe, waits, sends Bind
and Execute, waits: so the proxy reads up to Sync, looks at what is in it, and passes it
on or answers itself. Refusals and faults become errors raised inside PostgreSQL, which
fails a running transaction as Redshift would.
"""

import contextlib
import re
import socket
import struct
import threading
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError

from standin import rules
from standin.copy_files import CopyFailed
from standin.copy_load import Loader
from standin.copy_parse import parse_copy
from standin.faults import Faults, Statement
from standin.postgres import Postgres
from standin.rewrite import Keys, Rewritten, rewrite
from standin.sql_text import NotEmulated, relation, significant
from standin.wire import (
    SSL_REQUEST,
    Channel,
    Closed,
    Message,
    Server,
    ServerError,
    quote,
)

# PostgreSQL lacks it: syntax, function, type or parameter.
LACKING = {"42601", "42883", "42704"}
# Types by number: what PostgreSQL says, and what Redshift says.
AS_REDSHIFT = {25: 1043, 3802: 4000}  # text: varchar; jsonb: super
MISSING = re.compile(r'column "(\w+)" does not exist')
MISSING_VIEW = re.compile(
    r'relation "(?:pg_catalog\.)?((sys|st[lv]|sv[lv]|svcs)_\w+)" '
)
NULL = re.compile(r'null value in column "(\w+)" of relation')
SIMPLE_QUERY = "[stand-in] not emulated: the simple query protocol"
PASSED_ON = {"user", "database", "application_name"}


@dataclass
class Prepared:
    """A statement that the client named: what came, and what PostgreSQL got."""

    sql: str
    rewritten: Rewritten
    listed: bool = True


class Proxy:
    """Listens on a free port of 127.0.0.1."""

    def __init__(self, postgres: Postgres, loader: Loader, faults: Faults) -> None:
        self.postgres = postgres
        self.loader = loader
        self.faults = faults
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                session = Session(self, Channel(client))
                threading.Thread(target=session.run, daemon=True).start()

    def stop(self) -> None:
        # A thread that waits in accept() keeps the port: shutdown wakes it.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Session:
    """One client's connection and its own connection to PostgreSQL."""

    def __init__(self, proxy: Proxy, client: Channel) -> None:
        self.proxy = proxy
        self.client = client
        self.prepared: dict[bytes, Prepared] = {}
        self.portals: dict[bytes, Prepared] = {}

    def run(self) -> None:
        try:
            self.server = self.greet()
        except (Closed, OSError):
            self.client.close()
            return
        try:
            while self.serve():
                pass
        except (Closed, OSError):
            pass
        finally:
            # PostgreSQL rolls back when the connection closes, as Redshift does.
            self.client.close()
            self.server.close()

    def greet(self) -> Server:
        """Read the first packet, connect, and answer as Redshift does."""
        while True:
            length, code = struct.unpack("!ii", self.client.read(8))
            body = self.client.read(length - 8)
            if code != SSL_REQUEST:
                break
            self.client.sock.sendall(b"N")
        words = body.decode().split("\0")
        sent = dict(zip(words[::2], words[1::2], strict=False))
        parameters = {key: value for key, value in sent.items() if key in PASSED_ON}
        parameters["user"] = user = sent["user"].lower()  # names are, even in quotes
        if user.startswith(("iam:", "iamr:")):
            # Serverless makes the user when somebody first signs in so.
            admin = self.proxy.postgres.connect("postgres")
            with contextlib.suppress(ServerError):
                admin.query(f'create user "{user}"')
            admin.close()
        try:
            server = Server(self.proxy.postgres.directory, parameters)
        except ServerError as error:
            self.client.send((b"E", error.body))
            raise Closed from None
        self.proxy.faults.travel()
        for kind, data in server.greeting:
            if kind == b"K":
                (self.pid,) = struct.unpack_from("!i", data)
            if kind == b"S" and data.startswith(b"server_version\0"):
                self.client.send((b"S", b"server_version\x008.0.2\0"))
                self.client.send((b"S", b"server_protocol_version\x000\0"))
            else:
                self.client.send((kind, data))
        return server

    def serve(self) -> bool:
        """Handle the messages up to the next Sync; False when the client leaves."""
        batch: list[Message] = []
        while True:
            kind, body = self.client.read_message()
            if kind == b"X":
                return False
            if kind == b"Q":
                self.client.send(*self.error(SIMPLE_QUERY))
                return True
            if kind != b"H":
                batch.append((kind, body))
            if kind == b"S":
                break
        executed: Prepared | None = None
        forward: list[Message] = []
        for kind, body in batch:
            if kind == b"P":
                forward += self.parse(body)
            elif kind == b"B":
                portal, name = body.split(b"\0", 2)[:2]
                self.portals[portal] = self.prepared[name]
                forward.append((kind, body))
            else:
                if kind == b"E":
                    executed = self.portals[body.split(b"\0", 1)[0]]
                forward.append((kind, body))
        try:
            answer = (
                self.execute(executed, forward) if executed else self.forward(forward)
            )
        except ServerError as error:
            answer = [(b"E", error.body), (b"Z", self.server.status)]
        self.proxy.faults.travel()
        self.client.send(*answer)
        return True

    def parse(self, body: bytes) -> list[Message]:
        """Check and rewrite one statement; the messages for PostgreSQL."""
        name, text, types = body.split(b"\0", 2)
        sql = text.decode()
        try:
            if refused := rules.refusal(sql):
                rewritten = Rewritten(refusal(f"[stand-in] {refused}"), "")
            else:
                rewritten = self.rewritten(sql)
        except NotEmulated as error:
            rewritten = Rewritten(refusal(str(error)), "")
        except Exception as error:  # a gap of ours is an answer too, not a cut line
            unread = NotEmulated(f"this form of the statement ({error!r})")
            rewritten = Rewritten(refusal(str(unread)), "")
        self.prepared[name] = Prepared(sql, rewritten)
        self.proxy.faults.statements.append(Statement(self.pid, sql))
        # COPY is run by the proxy; PostgreSQL prepares a stub that has no rows.
        sent = "reset standin.copy" if rewritten.verb == "copy" else rewritten.sql
        # The driver forgets names that the server still has.
        return [
            (b"C", b"S" + name + b"\0"),
            (b"P", name + b"\0" + sent.encode() + b"\0" + types),
        ]

    def rewritten(self, sql: str) -> Rewritten:
        """The statement for PostgreSQL, with what only its catalog can tell."""
        rewritten = rewrite(sql)
        names: tuple[str, ...] = ()
        while rewritten.asks and self.server.status != b"E":
            name = self.missing_column(rewritten.sql)
            if name is None or name in names:
                break
            names += (name,)
            rewritten = rewrite(sql, names)
        return rewritten

    def missing_column(self, sql: str) -> str | None:
        """The column that PostgreSQL does not find in a statement."""
        inside = self.server.status == b"T"
        if inside:
            self.server.query("savepoint standin_look")
        found = None
        try:
            self.server.query(f"explain {sql}")
        except ServerError as error:
            found = MISSING.fullmatch(str(error))
        if inside:
            self.server.query("rollback to standin_look; release standin_look")
        return found[1] if found else None

    def refused_now(self, sql: str) -> str:
        """Why this cannot run here and now, whatever its text; nothing if it can."""
        tokens = significant(sql)
        words = [token.lower() for token in tokens]
        if words[:1] == ["alter"] and "type" in words and self.server.status == b"T":
            return rules.told(*rules.IN_TRANSACTION)
        if words[:3] == ["comment", "on", "column"]:
            column, _ = relation(tokens, 3)
            view = quote(column.rpartition(".")[0])
            if self.server.query(
                f"select from pg_class where oid = {view}::regclass and relkind = 'v'"
                " and pg_get_viewdef(oid) ~ 'late_view_'"
            ):
                return rules.told(*rules.ON_LATE_VIEW)
        return ""

    def execute(self, prepared: Prepared, forward: list[Message]) -> list[Message]:
        """Run one statement, with what Redshift does besides."""
        if not prepared.listed:
            self.proxy.faults.statements.append(Statement(self.pid, prepared.sql))
        prepared.listed = False
        rewritten = prepared.rewritten
        fault = self.proxy.faults.strike(prepared.sql)
        if fault and fault.action == "cut before":
            raise Closed
        if fault and fault.action == "fail":
            return self.error(fault.message, fault.code)
        if fault and fault.action == "meanwhile":
            fault.act()
        if fault and fault.action == "twice":
            self.copy(prepared.sql)
        if refused := self.refused_now(prepared.sql):
            return self.error(f"[stand-in] refused: {refused}")
        copies = rewritten.verb == "copy"
        answer = self.copy(prepared.sql) if copies else self.forward(forward)
        failed = any(kind == b"E" for kind, _ in answer)
        if not failed and rewritten.keys is not None:
            self.remember(rewritten.relation, rewritten.keys)
        if not failed and rewritten.verb == "truncate" and self.server.status == b"T":
            # TRUNCATE commits the transaction that it is in (DG r_TRUNCATE).
            self.server.query("commit")
            answer[-1] = (b"Z", self.server.status)
        if fault and fault.action == "cut after":
            raise Closed
        return answer

    def copy(self, sql: str) -> list[Message]:
        """Run COPY here, inside the client's transaction."""
        try:
            if self.server.status != b"E":
                copy = parse_copy(sql)
                self.proxy.loader.run(self.server, self.pid, copy)
        except (CopyFailed, NotEmulated, BotoCoreError) as error:
            return self.error(str(error))
        if self.server.status == b"E":
            return self.error("COPY in a transaction that failed")
        return [(b"2", b""), (b"C", b"COPY\0"), (b"Z", self.server.status)]

    def remember(self, relation: str, keys: Keys) -> None:
        """Keep the keys by the table's oid: renames and rollbacks need no care.

        A table that was there already has its own, whatever `if not exists` says.
        """
        sort_keys = "{" + ",".join(keys.sort_keys) + "}"
        values = (keys.dist_style, keys.dist_key, keys.sort_style, sort_keys)
        oid = f"{quote(relation)}::regclass"
        listed = ", ".join(quote(value) for value in values)
        self.server.query(
            f"insert into standin.table_keys select {oid}, {listed} where not exists"
            f" (select from standin.table_keys where relation = {oid})"
        )

    def error(self, message: str, code: str = "XX000") -> list[Message]:
        """Let PostgreSQL raise the error; if it already fails, its own words."""
        try:
            self.server.query(refusal(message, code))
        except ServerError as error:
            return [(b"E", error.body), (b"Z", self.server.status)]
        raise AssertionError("standin.refuse did not raise")

    def forward(self, messages: list[Message]) -> list[Message]:
        """Send to PostgreSQL; its answer, as Redshift would put it."""
        self.server.send(*messages)
        answer: list[Message] = []
        while not answer or answer[-1][0] != b"Z":
            answer.append(self.server.read_message())
        self.server.status = answer[-1][1]
        parsed = any(kind == b"P" for kind, _ in messages)
        return [
            (kind, translated(kind, body))
            for kind, body in answer
            if not (parsed and kind == b"3")
        ]


def refusal(message: str, code: str = "XX000") -> str:
    return f"select standin.refuse({quote(message)}, {quote(code)})"


def translated(kind: bytes, body: bytes) -> bytes:
    """Columns of type text are varchar on Redshift; a gap is named as one."""
    if kind == b"T":
        return as_redshift(body)
    if kind == b"E":
        error = ServerError(body)
        text = named = error.fields["M"]
        if view := MISSING_VIEW.match(text):
            named = f"[stand-in] not emulated: {view[1]}"
        elif error.fields.get("C") in LACKING:
            named = f"[stand-in] not emulated or wrong: {text}"
        elif column := NULL.match(text):
            named = f"Cannot insert a NULL value into column {column[1]}"
        if named != text:
            return body.replace(b"M" + text.encode(), b"M" + named.encode())
    return body


def as_redshift(body: bytes) -> bytes:
    """Replace types in a RowDescription; 18 bytes follow each column's name."""
    (count,) = struct.unpack_from("!h", body)
    result = bytearray(body)
    at = 2
    for _ in range(count):
        at = body.index(b"\0", at) + 1
        (oid,) = struct.unpack_from("!i", body, at + 6)
        struct.pack_into("!i", result, at + 6, AS_REDSHIFT.get(oid, oid))
        at += 18
    return bytes(result)
