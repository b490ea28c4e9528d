"""Redshift Serverless, of which moto has nothing: answers as AWS documents them.

Its shapes, required keys, states and errors are those of botocore's service model (JSON
protocol). Written from the API reference: descriptions have no tags; roles come back as
text; a namespace with a workgroup cannot be deleted; a workgroup takes one change in a
request; one limit of a workgroup may turn queries off. Nobody has held it against AWS.
"""

import itertools
import json
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from support.aws_server import AwsServer, Call

NAME, STOP = "redshift-serverless", "deactivate"
ACCOUNT = "123456789012"
Document = dict[str, Any]
Place = tuple[str, str]  # region and name


def error(code: str, message: str) -> tuple[int, str]:
    """An error as the JSON protocol words it."""
    return 400, json.dumps({"__type": code, "message": message})


class Refusal(Exception):
    """AWS's code and words."""


class Serverless:
    """What there is in all regions. `slow` is how many looks a change takes to pass."""

    def __init__(self) -> None:
        self.slow = 0
        self.namespaces = dict[Place, Document]()
        self.workgroups = dict[Place, Document]()
        self.limits = dict[str, Document]()
        self.snapshots = dict[Place, Document]()
        self.restored = dict[Place, str]()
        self.tags = dict[str, dict[str, str]]()
        self.ids = itertools.count(1)

    def answer(self, server: "AwsServer", call: "Call") -> tuple[int, str]:
        """Carry the call out, or refuse it."""
        self.server, self.region = server, call.region
        name = re.sub("(?<=[a-z])(?=[A-Z])", "_", call.action).lower()
        act: Callable[..., Document] = getattr(self, name)
        try:
            return 200, json.dumps(act(**call.params))
        except Refusal as refused:
            return error(*refused.args)

    def arn(self, kind: str) -> str:
        return f"arn:aws:{NAME}:{self.region}:{ACCOUNT}:{kind}/{next(self.ids):08}-id"

    def create_namespace(self, namespaceName: str, **params: Any) -> Document:
        if (self.region, namespaceName) in self.namespaces:
            raise Refusal("ConflictException", f"{namespaceName} already exists")
        made = params | {"namespaceName": namespaceName, "status": "AVAILABLE"}
        made |= {"namespaceArn": self.arn("namespace"), "creationDate": time.time()}
        self._use_roles(made, params)
        self.tags[made["namespaceArn"]] = _pairs(made.pop("tags", []))
        self.namespaces[self.region, namespaceName] = made
        self.server.client("secretsmanager", self.region).create_secret(
            Name=_secret(made), SecretString="Aws-keeps-this-to-itself-1"
        )
        return {"namespace": self._shown(made)}

    def update_namespace(self, namespaceName: str, **params: Any) -> Document:
        made = self._available(self.namespaces, namespaceName)
        self._use_roles(made, params)
        return {"namespace": self._shown(made | self._busy(made, "MODIFYING"))}

    def get_namespace(self, namespaceName: str) -> Document:
        return {"namespace": self._shown(self._at(self.namespaces, namespaceName))}

    def list_namespaces(self, **_: Any) -> Document:
        found = map(self._shown, self._here(self.namespaces))
        return {"namespaces": [*found]}

    def delete_namespace(
        self, namespaceName: str, finalSnapshotName: str = "", **_: Any
    ) -> Document:
        made = self._available(self.namespaces, namespaceName)
        place = (self.region, finalSnapshotName)
        if (self.region, namespaceName) in self.workgroups:
            raise Refusal("ConflictException", "there is a workgroup associated")
        if place in self.snapshots:
            raise Refusal("ConflictException", f"{finalSnapshotName} already exists")
        if finalSnapshotName:
            self.snapshots[place] = {
                "snapshotName": finalSnapshotName,
                "namespaceName": namespaceName,
                "status": "AVAILABLE",
            }
        self.server.client("secretsmanager", self.region).delete_secret(
            SecretId=_secret(made), ForceDeleteWithoutRecovery=True
        )
        self._remove(self.namespaces, namespaceName)
        return {"namespace": self._shown(made)}

    def create_workgroup(self, workgroupName: str, **params: Any) -> Document:
        if (self.region, workgroupName) in self.workgroups:
            raise Refusal("ConflictException", f"{workgroupName} already exists")
        self._available(self.namespaces, params["namespaceName"])
        host = f"{workgroupName}.{ACCOUNT}.{self.region}.{NAME}.amazonaws.com"
        made: Document = {"baseCapacity": 128, "port": 5439} | params
        made |= {"workgroupName": workgroupName, "status": "AVAILABLE"}
        made |= {"workgroupArn": self.arn("workgroup"), "creationDate": time.time()}
        made |= {"endpoint": {"address": host, "port": made["port"]}}
        self.tags[made["workgroupArn"]] = _pairs(made.pop("tags", []))
        self.workgroups[self.region, workgroupName] = made
        self._busy(made, "CREATING")
        return {"workgroup": made}

    def update_workgroup(self, workgroupName: str, **params: Any) -> Document:
        made = self._available(self.workgroups, workgroupName)
        if len(params) != 1:
            raise Refusal("ValidationException", "You can't update multiple parameters")
        most = (made | params).get("maxCapacity", -1)
        if 0 < most < (made | params)["baseCapacity"]:
            raise Refusal("ValidationException", "base is above max capacity")
        made |= params
        made["endpoint"]["port"] = made["port"]
        return {"workgroup": made | self._busy(made, "MODIFYING")}

    def get_workgroup(self, workgroupName: str) -> Document:
        return {"workgroup": self._at(self.workgroups, workgroupName)}

    def list_workgroups(self, **_: Any) -> Document:
        return {"workgroups": self._here(self.workgroups)}

    def delete_workgroup(self, workgroupName: str) -> Document:
        made = self._available(self.workgroups, workgroupName)
        arn = made["workgroupArn"]
        self.limits = {
            key: one for key, one in self.limits.items() if one["resourceArn"] != arn
        }
        self._remove(self.workgroups, workgroupName)
        return {"workgroup": made}

    def create_usage_limit(self, resourceArn: str, **params: Any) -> Document:
        made = {"period": "monthly", "breachAction": "log"} | params
        made |= {"resourceArn": resourceArn, "usageLimitId": f"limit-{next(self.ids)}"}
        self._one_stop(made)
        self.limits[made["usageLimitId"]] = made
        return {"usageLimit": made}

    def update_usage_limit(self, usageLimitId: str, **params: Any) -> Document:
        changed = self.limits[usageLimitId] | params
        self._one_stop(changed)
        self.limits[usageLimitId] = changed
        return {"usageLimit": changed}

    def delete_usage_limit(self, usageLimitId: str) -> Document:
        return {"usageLimit": self.limits.pop(usageLimitId)}

    def list_usage_limits(self, resourceArn: str, **_: Any) -> Document:
        found = self.limits.values()
        return {
            "usageLimits": [one for one in found if one["resourceArn"] == resourceArn]
        }

    def list_snapshots(self, **_: Any) -> Document:
        return {"snapshots": self._here(self.snapshots)}

    def restore_from_snapshot(
        self, namespaceName: str, workgroupName: str, **params: Any
    ) -> Document:
        made = self._available(self.namespaces, namespaceName)
        self._available(self.workgroups, workgroupName)
        named = str(params.get("snapshotName") or params.get("snapshotArn"))
        if "snapshotName" in params and (self.region, named) not in self.snapshots:
            raise Refusal("ResourceNotFoundException", f"no snapshot {named}")
        self.restored[self.region, namespaceName] = named
        return {"namespace": self._shown(made | self._busy(made, "MODIFYING"))}

    def list_tags_for_resource(self, resourceArn: str) -> Document:
        tags = self.tags[resourceArn].items()
        return {"tags": [{"key": key, "value": value} for key, value in tags]}

    def untag_resource(self, resourceArn: str, tagKeys: list[str]) -> Document:
        for key in tagKeys:
            self.tags[resourceArn].pop(key, None)
        return {}

    def get_credentials(self, workgroupName: str, **_: Any) -> Document:
        """The caller, by the name that IAM has for it: there is no DbUser."""
        self._at(self.workgroups, workgroupName)
        soon = time.time() + 900
        user = {"dbUser": "IAMR:sparkify-loader", "dbPassword": "for-15-minutes"}
        return user | {"expiration": soon, "nextRefreshTime": soon}

    def _here(self, of: dict[Place, Document]) -> list[Document]:
        return [one for (region, _), one in of.items() if region == self.region]

    def _at(self, of: dict[Place, Document], name: str) -> Document:
        found = of.get((self.region, name))
        if found and (left := found.get("looks")) is not None:
            if left:
                found["looks"] = left - 1
            elif found["status"] == "DELETING":
                found = of.pop((self.region, name)) and None
            else:
                found |= {"status": "AVAILABLE", "looks": None}
        if not found:
            raise Refusal("ResourceNotFoundException", f"{name} could not be found")
        return {key: value for key, value in found.items() if key != "looks"}

    def _available(self, of: dict[Place, Document], name: str) -> Document:
        self._at(of, name)
        found = of[self.region, name]
        if found["status"] != "AVAILABLE":
            raise Refusal("ConflictException", f"{name} is {found['status']}")
        return found

    def _busy(self, made: Document, status: str) -> Document:
        if self.slow:
            made |= {"status": status, "looks": self.slow}
        return {"status": status}

    def _remove(self, of: dict[Place, Document], name: str) -> None:
        if self.slow:
            self._busy(of[self.region, name], "DELETING")
        else:
            del of[self.region, name]

    def _one_stop(self, limit: Document) -> None:
        """Seen of AWS: a second limit that turns queries off is refused."""
        for one in self.limits.values():
            same = one["resourceArn"] == limit["resourceArn"]
            other = one["usageLimitId"] != limit["usageLimitId"]
            if same and other and one["breachAction"] == limit["breachAction"] == STOP:
                words = "Only one DISABLE usage limit allowed per feature"
                raise Refusal("ValidationException", words)

    def _use_roles(self, made: Document, params: Document) -> None:
        roles, default = params.get("iamRoles", []), params.get("defaultIamRoleArn")
        if default and default not in roles:
            raise Refusal("ValidationException", "the default is not in iamRoles")
        made |= {"iamRoles": roles, "defaultIamRoleArn": default}

    def _shown(self, namespace: Document) -> Document:
        hidden = {"looks", "manageAdminPassword"}
        shown = {key: value for key, value in namespace.items() if key not in hidden}
        return shown | {
            "iamRoles": [
                f"IamRole(applyStatus=in-sync, iamRoleArn={arn})"
                for arn in namespace.get("iamRoles", [])
            ]
        }


def _pairs(tags: list[dict[str, str]]) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in tags}


def _secret(namespace: Document) -> str:
    return f"redshift!{namespace['namespaceName']}-{namespace['adminUsername']}"
