"""The table and the bucket: what outlives every deployment, and the stack itself."""

from __future__ import annotations

from typing import Any

from chalicelib.adapters.dynamodb_store import table_definition
from infra import keys
from infra.stage import Stage

Json = dict[str, Any]

OLD_VERSIONS_DAYS = 90
NIGHTS_DAYS = 14
"""Files of a province's nights; a night is compared with the one before it."""
_KEPT = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}


def storage(stage: Stage) -> Json:
    return {"Table": _table(stage), "Content": _bucket(), "ContentPolicy": _only_over_tls()}


def _table(stage: Stage) -> Json:
    return {
        "Type": "AWS::DynamoDB::Table",
        **_KEPT,
        "Properties": {
            **table_definition(stage.stack),
            "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "SSESpecification": keys.of_table(),
            "DeletionProtectionEnabled": True,
        },
    }


def _bucket() -> Json:
    """Without a name of its own: bucket names are shared with the whole world."""
    return {
        "Type": "AWS::S3::Bucket",
        **_KEPT,
        "DeletionPolicy": "RetainExceptOnCreate",  # an empty one that nobody has a use for
        "Properties": {
            "VersioningConfiguration": {"Status": "Enabled"},
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": keys.of_bucket()}]
            },
            "LifecycleConfiguration": {
                "Rules": [
                    {
                        "Id": "old-versions",
                        "Status": "Enabled",
                        "NoncurrentVersionExpiration": {"NoncurrentDays": OLD_VERSIONS_DAYS},
                    },
                    {
                        # Filled-in forms: 30 days are over (retention), or somebody had them deleted.
                        "Id": "documents-are-gone-when-deleted",
                        "Status": "Enabled",
                        "Prefix": "documents/",
                        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
                    },
                    {
                        "Id": "nights-of-a-province",
                        "Status": "Enabled",
                        "Prefix": "province/",
                        "ExpirationInDays": NIGHTS_DAYS,
                        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
                        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                    },
                ]
            },
        },
    }


def _only_over_tls() -> Json:
    return {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {
            "Bucket": {"Ref": "Content"},
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "s3:*",
                        "Resource": [{"Fn::GetAtt": ["Content", "Arn"]}, {"Fn::Sub": "${Content.Arn}/*"}],
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    }
                ],
            },
        },
    }
