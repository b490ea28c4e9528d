"""What Redshift's COPY reads before the files: manifests, JSONPaths, the plan."""

import json
import re
import uuid
from typing import TYPE_CHECKING

from errors import Refused, WarehouseError
from settings import Data

from load.files import Listed
from load.s3 import plain_errors, split_uri

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


# What gets into the text of COPY; macros/load/redshift_load.sql checks it, too.
PREFIX = "([A-Za-z0-9_.=+@-]+/)*"
REGION = "[a-z]{2}(-[a-z]+)+-[0-9]{1,2}"
ROLE = "default|arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,512}"


def write_plan(
    s3: "S3Client", data: Data, files: list[Listed], keys: list[str]
) -> dict[str, str]:
    """Put all that COPY needs to load `files` into a folder of this load's own.

    `keys` are the events' JSON keys in the order of the columns. Returns the plan for
    the macro load_staging. What a killed load leaves there is harmless: no other reads
    it. Source: DG loading-data-files-using-manifest, copy-parameters-data-format.
    """
    bucket, prefix = split_uri(data.manifests)
    folder = f"{prefix}load-{uuid.uuid4().hex}/"
    objects = {
        "plan.json": "\n".join(
            json.dumps(
                {
                    "source": file.source,
                    "path": file.path,
                    "form": _form(file),
                    "etag": file.etag,
                    "bytes": file.size,
                }
            )
            for file in files
        ),
        "events.jsonpaths": json.dumps({"jsonpaths": [f"$['{key}']" for key in keys]}),
    }
    urls: dict[str, set[str]] = {}
    for file in files:
        urls.setdefault(f"{file.source}.{_form(file)}.manifest", set()).add(file.path)
    for name, listed in urls.items():
        entries = [{"url": url, "mandatory": True} for url in sorted(listed)]
        objects[name] = json.dumps({"entries": entries})
    for name, content in objects.items():
        with plain_errors(f"{data.manifests} (manifests in [data])", "s3:PutObject"):
            s3.put_object(Bucket=bucket, Key=folder + name, Body=content.encode())
    return {
        "files": f"s3://{bucket}/{folder}",
        "region": data.region,
        "role": data.role,
    }


def check_places(data: Data) -> None:
    """Raise WarehouseError unless COPY can reach everything that the settings name."""
    for key, uri in (("events", data.events), ("songs", data.songs)):
        if not uri.startswith("s3://"):
            raise WarehouseError(
                f"{key}: {uri} is a folder, and Redshift reads S3 only;"
                f" give an s3:// prefix with --{key}"
            )
        split_uri(uri)
    if not data.manifests:
        raise WarehouseError(
            "Redshift loads by manifests: set manifests in [data] of warehouse.toml to"
            " an s3:// prefix that you may write to"
        )
    _, prefix = split_uri(data.manifests)
    for key, pattern, value in (
        ("manifests", PREFIX, prefix),
        ("region", REGION, data.region),
        ("role", ROLE, data.role),
    ):
        if not re.fullmatch(pattern, value):
            raise Refused(
                f"{key} in [data] of warehouse.toml: {value!r} would get into SQL and"
                f" may hold nothing but {pattern}"
            )


def _form(file: Listed) -> str:
    """One COPY reads files of one compression."""
    return "gzip" if file.path.endswith(".gz") else "plain"
