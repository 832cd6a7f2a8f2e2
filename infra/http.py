"""The REST API: its name, its limits, and a domain of its own where there is one (in China there must be)."""

from __future__ import annotations

from typing import Any

from infra.stage import Stage

Json = dict[str, Any]

BINARY = "x-amazon-apigateway-binary-media-types"
"""The gateway takes files that we mark as base64 apart again only for types listed here, and goes by the first type of
the Accept header, which for a followed link is text/html: so for all types. Text goes through as it is."""

REQUESTS_PER_SECOND = 100
BURST = 200


def api(stage: Stage) -> Json:
    limits = {
        "HttpMethod": "*",
        "ResourcePath": "/*",
        "ThrottlingRateLimit": REQUESTS_PER_SECOND,
        "ThrottlingBurstLimit": BURST,
        "MetricsEnabled": False,
    }
    return {
        "RestAPI": {
            "Properties": {
                "DefinitionBody": {"info": {"title": stage.stack}, BINARY: ["*/*"]},
                "MethodSettings": [limits],
            },
        },
        "Domain": {
            "Type": "AWS::ApiGateway::DomainName",
            "Condition": "UseOwnDomain",
            "Properties": {
                "DomainName": {"Ref": "DomainName"},
                "RegionalCertificateArn": {"Ref": "CertificateArn"},
                "EndpointConfiguration": {"Types": ["REGIONAL"]},
                "SecurityPolicy": "TLS_1_2",
            },
        },
        "DomainMapping": {
            "Type": "AWS::ApiGateway::BasePathMapping",
            "Condition": "UseOwnDomain",
            "Properties": {
                "DomainName": {"Ref": "Domain"},
                "RestApiId": {"Ref": "RestAPI"},
                "Stage": {"Ref": "RestAPI.Stage"},
            },
        },
    }


def outputs() -> Json:
    return {
        "CallbackUrl": {
            "Description": "URL of the message push (服务器地址) to enter on the platform",
            "Value": {"Fn::Sub": "${PublicUrl}/wechat"},
        },
        "DomainTarget": {
            "Description": "Point the domain's CNAME here",
            "Condition": "UseOwnDomain",
            "Value": {"Fn::GetAtt": ["Domain", "RegionalDomainName"]},
        },
    }
