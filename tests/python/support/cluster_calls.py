"""What `up` and `down` call, in which order, and what there is in between."""

from support.aws_server import ACCOUNT

ROLE = "sparkify-us-west-2-redshift"
OURS = f"arn:aws:iam::{ACCOUNT}:role/{ROLE}"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/sparkify-boundary"
NEW_ROLE = ["iam:CreateRole", "iam:PutRolePolicy"]
OLD_ROLE = ["iam:DeleteRolePolicy", "iam:DeleteRole"]
NEW_GROUP = ["ec2:CreateSecurityGroup", "ec2:AuthorizeSecurityGroupIngress"]


def of_serverless(*actions: str) -> list[str]:
    return [f"redshift-serverless:{action}" for action in actions]


# All that `up` calls to make everything, and `down` to remove it, in this order.
MAKING = {
    "provisioned": [
        *(NEW_ROLE * 2 + NEW_GROUP),
        "redshift:CreateCluster",
        "redshift:CreateScheduledAction",
    ],
    "serverless": NEW_ROLE
    + NEW_GROUP
    + of_serverless("CreateNamespace", "CreateWorkgroup", "CreateUsageLimit"),
}
RESTORING = {
    "provisioned": [
        *(NEW_ROLE * 2 + NEW_GROUP),
        "redshift:RestoreFromClusterSnapshot",
        "redshift:CreateTags",
        "redshift:CreateScheduledAction",
    ],
    "serverless": MAKING["serverless"]
    + of_serverless("RestoreFromSnapshot", "UntagResource"),
}
REMOVING = {
    "provisioned": [
        "redshift:DeleteCluster",
        "redshift:DeleteScheduledAction",
        "ec2:DeleteSecurityGroup",
        *(OLD_ROLE * 2),
    ],
    "serverless": [
        *of_serverless("DeleteUsageLimit", "DeleteWorkgroup", "DeleteNamespace"),
        "ec2:DeleteSecurityGroup",
        *OLD_ROLE,
    ],
}
# What `assert_complete` wants of each kind.
COMPLETE = {
    "provisioned": {
        "clusters": ["sparkify"],
        "roles": [ROLE, f"{ROLE}-pause"],
        "schedules": [f"{ROLE}-pause"],
    },
    "serverless": {
        "namespaces": ["sparkify"],
        "workgroups": ["sparkify"],
        "limits": ["16 daily, deactivate"],
        "roles": [ROLE],
    },
}
TRUSTED = {
    "provisioned": "redshift.amazonaws.com",
    "serverless": ["redshift.amazonaws.com", "redshift-serverless.amazonaws.com"],
}
