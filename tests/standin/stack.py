"""The whole stand-in in one object: PostgreSQL, the proxy, and S3 and IAM by moto."""

import itertools
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any

import boto3
import redshift_connector
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

from standin.copy_files import Files, Found
from standin.copy_load import Loader
from standin.faults import Faults, Statement
from standin.postgres import USER, Postgres
from standin.proxy import Proxy
from standin.rewrite import Keys
from standin.wire import quote

HOST = "127.0.0.1"
REGION = "us-west-2"


@dataclass
class StandIn:
    """Starts when made, in about a second; `stop` leaves nothing behind.

    `schema` is dbt's target schema for the running test; `new_schema` takes the next,
    or one by name.
    """

    region: str = REGION
    host: str = HOST
    database: str = "dev"
    user: str = USER
    password: str = "standin"
    schema: str = "test_0"
    faults: Faults = field(default_factory=Faults)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        self.postgres = Postgres(self.database)
        self.postgres.start()
        self.moto = ThreadedMotoServer(HOST, 0, verbose=False)
        self.moto.start()
        self.s3_endpoint = f"http://{HOST}:{self.moto.get_host_and_port()[1]}"
        files = Files(self.s3_endpoint, self.region, moto_object)
        loader = Loader(files, self.postgres.loads, self.database, self.faults)
        self.proxy = Proxy(self.postgres, loader, self.faults)
        self.port = self.proxy.port

    @property
    def statements(self) -> list[Statement]:
        """All statements that came in during this test, in order."""
        return self.faults.statements

    @property
    def round_trips(self) -> int:
        """How often a client waited for an answer during this test."""
        return self.faults.round_trips

    @property
    def environment(self) -> dict[str, str]:
        """What a subprocess needs to reach the stand-in as if it were AWS."""
        return {
            "REDSHIFT_HOST": self.host,
            "REDSHIFT_PORT": str(self.port),
            "REDSHIFT_DATABASE": self.database,
            "REDSHIFT_USER": self.user,
            "REDSHIFT_SCHEMA": self.schema,
            "REDSHIFT_METHOD": "database",
            "REDSHIFT_SSLMODE": "disable",
            "DBT_ENV_SECRET_REDSHIFT_PASSWORD": self.password,
            "AWS_ENDPOINT_URL": self.s3_endpoint,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": self.region,
        }

    def connect(self) -> Any:
        """A connection by Redshift's own driver; each statement commits itself."""
        connection = redshift_connector.connect(
            host=self.host,
            port=self.port,
            database=self.database,
            user=self.user,
            password=self.password,
            ssl=False,
        )
        connection.autocommit = True
        return connection

    def client(self, service: Any, region: str | None = None) -> Any:
        """A boto3 client of the stand-in's AWS, in the cluster's region or another."""
        return boto3.client(
            service,
            endpoint_url=self.s3_endpoint,
            region_name=region or self.region,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )

    def query(self, sql: str) -> list[tuple[str | None, ...]]:
        """Rows, as text, by a connection of the test's own: no proxy, no rules."""
        return self.postgres.admin.query(sql)

    def keys(self, relation: str) -> Keys:
        """How a table (schema.name) is spread and sorted."""
        found = self.query(
            "select dist_style, dist_key, sort_style, array_to_string(sort_keys, ',') "
            f"from standin.table_keys where relation = {quote(relation)}::regclass"
        )
        if not found:
            return Keys()
        dist_style, dist_key, sort_style, listed = found[0]
        sort_keys = listed.split(",") if listed else []
        return Keys(str(dist_style), dist_key, str(sort_style), sort_keys)

    def new_schema(self, name: str = "") -> None:
        """Forget the last test: sessions, schemas, statements, faults, S3, COPYs."""
        self.query(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where backend_type = 'client backend' and pid <> pg_backend_pid()"
        )
        made = self.query(
            "select quote_ident(nspname) from pg_namespace where nspname !~ "
            "'^(pg_.*|information_schema|standin|public)$'"
        )
        for (schema,) in made:
            self.query(f"drop schema {schema} cascade")
        self.query("truncate standin.table_keys")
        self.faults.forget_late_rows()
        for file in self.postgres.loads.iterdir():
            file.unlink()
        self.faults.clear()
        self.tell_moto("reset")
        self.tell_moto("reset-auth", "inf")
        self.schema = name or f"test_{next(self.numbers)}"

    def deny(self) -> None:
        """From now on and until the test ends, AWS knows nobody: status 403."""
        self.tell_moto("reset-auth", "0")

    def tell_moto(self, what: str, body: str = "") -> None:
        moto = HTTPConnection(*self.moto.get_host_and_port())
        moto.request("POST", f"/moto-api/{what}", body, {"Content-Type": "text/plain"})
        moto.getresponse()
        moto.close()

    def stop(self) -> None:
        self.proxy.stop()
        self.moto.stop()
        self.postgres.stop()


def moto_object(bucket: str, key: str) -> Found | None:
    """An object out of moto's store in this process; None if it is not there."""
    store = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    if bucket not in store.buckets:
        return None
    found = store.get_object(bucket, key)
    return None if found is None else (bytes(found.value), found.etag.strip('"'))
