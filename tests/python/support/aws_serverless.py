"""Redshift Serverless, of which moto has nothing: answers as AWS documents them.

Its shapes, required keys, states and errors are those of botocore's service model.
Written from the API reference: descriptions have no tags; roles come back as text; a
namespace with a workgroup cannot be deleted; a workgroup takes one change in a request;
one limit of a workgroup may turn queries off. Nobody has held it against AWS.
"""

import itertools
import time
from typing import Any

from botocore import xform_name

from support.aws_models import Refusal

NAME, STOP = "redshift-serverless", "deactivate"
ACCOUNT = "123456789012"
Document = dict[str, Any]
Key = tuple[str, str]  # region and name


class Serverless:
    """What there is in all regions. `slow` is how many looks a change takes to pass."""

    def __init__(self) -> None:
        self.slow = 0
        self.namespaces = dict[Key, Document]()
        self.workgroups = dict[Key, Document]()
        self.limits = dict[str, Document]()
        self.snapshots = dict[Key, Document]()
        self.restored = dict[Key, str]()
        self.tags = dict[str, dict[str, str]]()
        self.ids = itertools.count(1)

    def answer(self, secrets: set[Key], call: Any) -> Document:
        self.secrets, self.region = secrets, call.region
        answer: Document = getattr(self, xform_name(call.action))(**call.params)
        return answer

    def create_namespace(
        self, namespaceName: str, tags: Any = (), **params: Any
    ) -> Document:
        made = self._create(self.namespaces, "namespace", namespaceName, tags)
        made |= {"dbName": params.get("dbName")}
        self._use_roles(made, params)
        self.secrets.add((self.region, f"redshift!{namespaceName}-awsuser"))
        return {"namespace": made}

    def update_namespace(self, namespaceName: str, **params: Any) -> Document:
        made = self._available(self.namespaces, namespaceName)
        self._use_roles(made, params)
        return {"namespace": self._busy(made, "MODIFYING")}

    def get_namespace(self, namespaceName: str) -> Document:
        return {"namespace": self._at(self.namespaces, namespaceName)}

    def list_namespaces(self, **_: Any) -> Document:
        return {"namespaces": self._here(self.namespaces)}

    def delete_namespace(
        self, namespaceName: str, finalSnapshotName: str = "", **_: Any
    ) -> Document:
        made = self._available(self.namespaces, namespaceName)
        key = (self.region, finalSnapshotName)
        if (self.region, namespaceName) in self.workgroups:
            raise Refusal("ConflictException", "there is a workgroup associated")
        if key in self.snapshots:
            raise Refusal("ConflictException", f"{finalSnapshotName} already exists")
        if finalSnapshotName:
            named = {"snapshotName": finalSnapshotName, "namespaceName": namespaceName}
            self.snapshots[key] = named
        self.secrets.discard((self.region, f"redshift!{namespaceName}-awsuser"))
        return {"namespace": self._remove(self.namespaces, namespaceName, made)}

    def create_workgroup(
        self, workgroupName: str, tags: Any = (), **params: Any
    ) -> Document:
        self._available(self.namespaces, params["namespaceName"])
        made = self._create(self.workgroups, "workgroup", workgroupName, tags)
        made |= {"baseCapacity": 128, "port": 5439} | params
        host = f"{workgroupName}.{ACCOUNT}.{self.region}.{NAME}.amazonaws.com"
        made["endpoint"] = {"address": host, "port": made["port"]}
        return {"workgroup": self._busy(made, "CREATING")}

    def update_workgroup(self, workgroupName: str, **params: Any) -> Document:
        made = self._available(self.workgroups, workgroupName)
        if len(params) != 1:
            raise Refusal("ValidationException", "You can't update multiple parameters")
        most = (made | params).get("maxCapacity", -1)
        if 0 < most < (made | params)["baseCapacity"]:
            raise Refusal("ValidationException", "base is above max capacity")
        made |= params
        made["endpoint"]["port"] = made["port"]
        return {"workgroup": self._busy(made, "MODIFYING")}

    def get_workgroup(self, workgroupName: str) -> Document:
        return {"workgroup": self._at(self.workgroups, workgroupName)}

    def list_workgroups(self, **_: Any) -> Document:
        return {"workgroups": self._here(self.workgroups)}

    def delete_workgroup(self, workgroupName: str) -> Document:
        made = self._available(self.workgroups, workgroupName)
        for limit in self.list_usage_limits(made["workgroupArn"])["usageLimits"]:
            del self.limits[limit["usageLimitId"]]
        return {"workgroup": self._remove(self.workgroups, workgroupName, made)}

    def create_usage_limit(self, **params: Any) -> Document:
        made = {"period": "monthly", "breachAction": "log"} | params
        return self._keep_limit(made | {"usageLimitId": f"limit-{next(self.ids)}"})

    def update_usage_limit(self, usageLimitId: str, **params: Any) -> Document:
        return self._keep_limit(self.limits[usageLimitId] | params)

    def delete_usage_limit(self, usageLimitId: str) -> Document:
        return {"usageLimit": self.limits.pop(usageLimitId)}

    def list_usage_limits(self, resourceArn: str, **_: Any) -> Document:
        found = [
            one for one in self.limits.values() if one["resourceArn"] == resourceArn
        ]
        return {"usageLimits": found}

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
        return {"namespace": self._busy(made, "MODIFYING")}

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

    def _create(
        self, of: dict[Key, Document], kind: str, name: str, tags: Any
    ) -> Document:
        if (self.region, name) in of:
            raise Refusal("ConflictException", f"{name} already exists")
        arn = f"arn:aws:{NAME}:{self.region}:{ACCOUNT}:{kind}/{next(self.ids):08}-id"
        made = {f"{kind}Name": name, f"{kind}Arn": arn, "status": "AVAILABLE"}
        self.tags[arn] = {tag["key"]: tag["value"] for tag in tags}
        of[self.region, name] = made
        return made

    def _here(self, of: dict[Key, Document]) -> list[Document]:
        return [one for (region, _), one in of.items() if region == self.region]

    def _at(self, of: dict[Key, Document], name: str) -> Document:
        """One look at it, which may be the last of a change."""
        made = of.get((self.region, name), {"status": "DELETING"})
        if made.get("looks"):
            made["looks"] -= 1
        elif made["status"] == "DELETING":
            of.pop((self.region, name), None)
            raise Refusal("ResourceNotFoundException", f"{name} could not be found")
        else:
            made["status"] = "AVAILABLE"
        return made

    def _available(self, of: dict[Key, Document], name: str) -> Document:
        made = self._at(of, name)
        if made["status"] != "AVAILABLE":
            raise Refusal("ConflictException", f"{name} is {made['status']}")
        return made

    def _busy(self, made: Document, status: str) -> Document:
        if self.slow:
            made |= {"status": status, "looks": self.slow}
        return made | {"status": status}

    def _remove(self, of: dict[Key, Document], name: str, made: Document) -> Document:
        if not self.slow:
            del of[self.region, name]
        return self._busy(made, "DELETING")

    def _keep_limit(self, limit: Document) -> Document:
        """Seen of AWS: a second limit that turns queries off is refused."""
        for one in self.list_usage_limits(limit["resourceArn"])["usageLimits"]:
            other = one["usageLimitId"] != limit["usageLimitId"]
            if other and one["breachAction"] == limit["breachAction"] == STOP:
                words = "Only one DISABLE usage limit allowed per feature"
                raise Refusal("ValidationException", words)
        self.limits[limit["usageLimitId"]] = limit
        return {"usageLimit": limit}

    def _use_roles(self, made: Document, params: Document) -> None:
        roles, default = params.get("iamRoles", []), params.get("defaultIamRoleArn")
        if default and default not in roles:
            raise Refusal("ValidationException", "the default is not in iamRoles")
        texts = [f"IamRole(applyStatus=in-sync, iamRoleArn={arn})" for arn in roles]
        made |= {"iamRoles": texts, "defaultIamRoleArn": default}
