"""What Redshift's COPY reads before the files: manifests, JSONPaths, the plan."""

import json
import re
import uuid
from typing import TYPE_CHECKING, Any

from common import aws, s3_address
from common.errors import Refused
from common.settings import Data

from load.files import Listed, is_zipped
from load.s3 import plain_errors

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


def write_plan(
    s3: "S3Client", data: Data, files: list[Listed], keys: list[str]
) -> dict[str, Any]:
    """Put all that COPY needs to load `files` into a folder of this load's own.

    `keys` are the events' JSON keys in the order of the columns. COPY does not read a
    file without a byte. Returns the plan for the macro load_staging. What a killed load
    leaves there is harmless: no other reads it. Source: DG
    loading-data-files-using-manifest, copy-parameters-data-format.
    """
    target = s3_address.parse(data.manifests)
    folder = f"{target.prefix}load-{uuid.uuid4().hex}/"
    urls: dict[str, set[str]] = {}
    planned = []
    for file in files:
        # One COPY reads files of one kind and one compression.
        form = "gzip" if is_zipped(file.path) else "plain"
        name = f"{file.kind}.{form}" if file.size else ""
        shown_path, shown_key = shown_names(file.path)
        planned.append(
            {
                "kind": file.kind,
                "path": file.path,
                "manifest": name,
                "etag": file.etag,
                "bytes": file.size,
                "shown_path": shown_path,
                "shown_key": shown_key,
            }
        )
        if name:
            urls.setdefault(name, set()).add(file.path)
    objects = {
        "plan.json": "\n".join(map(json.dumps, planned)),
        "events.jsonpaths": json.dumps({"jsonpaths": [f"$['{key}']" for key in keys]}),
    }
    for name, listed in urls.items():
        entries = [{"url": url, "mandatory": True} for url in sorted(listed)]
        objects[f"{name}.manifest"] = json.dumps({"entries": entries})
    for name, content in objects.items():
        with plain_errors(f"{data.manifests} (manifests in [data])"):
            s3.put_object(
                Bucket=target.bucket, Key=folder + name, Body=content.encode()
            )
    return {
        "files": f"s3://{target.bucket}/{folder}",
        "manifests": sorted(urls),
        "count": len(files),
        "region": data.region,
        "role": data.role,
    }


def shown_names(path: str) -> tuple[str, str]:
    """A file's two names in the system views: with the bucket and without.

    They are cut at 256 bytes, and their last blanks are lost. Source: DG
    SYS_LOAD_DETAIL, whose examples show both.
    """

    def cut(name: str) -> str:
        return name.encode()[:256].decode(errors="ignore").rstrip(" ")

    return cut(path), cut(path.split("/", 3)[-1])


def check_locations(data: Data) -> None:
    """Raise Refused unless COPY can reach everything that the settings name."""
    for key, uri in (("events", data.events), ("songs", data.songs)):
        if not s3_address.is_s3(uri):
            raise Refused(
                f"{key}: {uri} is a folder, and Redshift reads S3 only;"
                f" give an s3:// prefix with --{key}"
            )
        s3_address.parse(uri)
    if not data.manifests:
        raise Refused(
            "Redshift loads by manifests: set manifests in [data] of warehouse.toml to"
            " an s3:// prefix that you may write to"
        )
    s3_address.parse_plain("manifests", data.manifests)
    # Both go into the text of COPY.
    for key, pattern, value in (
        ("region", aws.REGION, data.region),
        ("role", f"default|{aws.ROLE_ARN}", data.role),
    ):
        if not re.fullmatch(pattern, value):
            raise Refused(
                f"{key} in [data] of warehouse.toml: {value!r} goes into SQL and must"
                f" match {pattern}"
            )
