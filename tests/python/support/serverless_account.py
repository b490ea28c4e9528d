"""An account with settings for Serverless, and what states it can be in."""

import pytest

from support.cluster_account import Account

MAKING = [
    "iam:CreateRole",
    "iam:PutRolePolicy",
    "ec2:CreateSecurityGroup",
    "ec2:AuthorizeSecurityGroupIngress",
    "redshift-serverless:CreateNamespace",
    "redshift-serverless:CreateWorkgroup",
    "redshift-serverless:CreateUsageLimit",
]
RESTORING = [
    *MAKING,
    "redshift-serverless:RestoreFromSnapshot",
    "redshift-serverless:UntagResource",
]
REMOVING = [
    "redshift-serverless:DeleteUsageLimit",
    "redshift-serverless:DeleteWorkgroup",
    "redshift-serverless:DeleteNamespace",
    "ec2:DeleteSecurityGroup",
    "iam:DeleteRolePolicy",
    "iam:DeleteRole",
]
HERE = ("us-west-2", "sparkify")


@pytest.fixture
def serverless(account: Account) -> Account:
    """The account, with settings of this kind."""
    account.kind = "serverless"
    account.write()
    return account


def differing(account: Account) -> None:
    """What a life of changes by hand, and of other settings, leaves."""
    account.ok("up")
    there = account.server.serverless
    there.workgroups[HERE] |= {"maxCapacity": -1, "port": 5440, "baseCapacity": 16}
    there.workgroups[HERE]["securityGroupIds"] = []
    there.namespaces[HERE] |= {"iamRoles": [], "defaultIamRoleArn": None}
    (limit,) = there.limits.values()
    limit["amount"] = 999


def kept(account: Account) -> None:
    account.ok("up")
    account.ok("down", "--yes", "--snapshot", "last")
