"""A key of the county's own (自有密钥, KMS CMK) for table, bucket and queues, where its rules want one.

Not chosen, AWS's own keys encrypt the same data at no cost. The secret is made by hand before the stack, so its key is
chosen there (docs/operations.md). The key is given as an ARN: a key made by the stack would go with it, and
with the key everything it encrypted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from infra.functions import Function

Json = dict[str, Any]

RIGHTS = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
"""What DynamoDB, SQS and S3 ask of a caller (DynamoDB Developer Guide, "Authorizing use of a customer managed key")."""

_CHOSEN = "UseOwnKey"
_KEY = {"Ref": "KmsKeyArn"}
_NOTHING = {"Ref": "AWS::NoValue"}


def parameter() -> Json:
    return {"Type": "String", "Default": "", "Description": "Key for table, bucket and queues; empty for AWS's own"}


def condition() -> Json:
    return {_CHOSEN: {"Fn::Not": [{"Fn::Equals": [_KEY, ""]}]}}


def of_table() -> Json:
    """``SSESpecification``."""
    return _either({"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": _KEY}, {"SSEEnabled": True})


def of_bucket() -> Json:
    """``ServerSideEncryptionByDefault``."""
    return _either({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": _KEY}, {"SSEAlgorithm": "AES256"})


def of_queue() -> Json:
    """Properties of a queue; SQS takes one of the two only."""
    return {"SqsManagedSseEnabled": _either(_NOTHING, True), "KmsMasterKeyId": _either(_KEY, _NOTHING)}


def use(functions: Sequence[Function]) -> Json:
    """The right to use that key, and nothing else of it: for the functions, and for operators to attach as well."""
    statement = {"Effect": "Allow", "Action": list(RIGHTS), "Resource": [_KEY]}
    return {
        "KeyPolicy": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Condition": _CHOSEN,
            "Properties": {
                "Description": "Use of the key that encrypts the stage's data",
                "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
                "Roles": [{"Ref": function.role_id} for function in functions],
            },
        }
    }


def outputs() -> Json:
    return {"KeyPolicyArn": {"Condition": _CHOSEN, "Value": {"Ref": "KeyPolicy"}}}


def _either(with_key: object, without: object) -> Json:
    return {"Fn::If": [_CHOSEN, with_key, without]}
