"""Fixed egress (固定出口): the platform's IP whitelist wants addresses that stay, which Lambda alone does not have.

Only the functions that call the platform are put inside. The callback and the pages stay outside: they answer, and
what they ask (OAuth, ``/sns``) is not under the whitelist. One NAT gateway and address in each of two zones.
"""

from __future__ import annotations

from typing import Any

from infra.functions import Function

Json = dict[str, Any]

CALLS_WECHAT = ("deliver", "deliver_bulk", "deliver_urgent")
ZONES = (1, 2)
_DESCRIBE = ("ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets")
_ATTACH = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:UnassignPrivateIpAddresses",
)
_IF_WANTED = {"Condition": "UseFixedEgress"}
_RANGE = "10.73.0.0/16"
_KEPT = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}


def network(stack: str) -> Json:
    resources: Json = {
        "Vpc": _ours("VPC", {"CidrBlock": _RANGE, "EnableDnsSupport": True, "EnableDnsHostnames": True}, stack),
        "InternetGateway": _ours("InternetGateway", {}, stack),
        "InternetGatewayAttachment": _ours(
            "VPCGatewayAttachment", {"VpcId": {"Ref": "Vpc"}, "InternetGatewayId": {"Ref": "InternetGateway"}}
        ),
        "PublicRoutes": _ours("RouteTable", {"VpcId": {"Ref": "Vpc"}}, stack),
        "PublicRoute": _route("PublicRoutes", GatewayId={"Ref": "InternetGateway"})
        | {"DependsOn": "InternetGatewayAttachment"},
        "WechatCallers": _ours(
            "SecurityGroup",
            {
                "GroupDescription": "Functions that call WeChat: out by HTTPS, nothing in",
                "VpcId": {"Ref": "Vpc"},
                "SecurityGroupEgress": [
                    {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0", "Description": "HTTPS"}
                ],
            },
            stack,
        ),
        "WechatCallersPolicy": _policy(stack),
        "TableEndpoint": _gateway_endpoint("dynamodb"),
        "ContentEndpoint": _gateway_endpoint("s3"),
    }
    for zone in ZONES:
        resources |= _zone(zone, stack)
    return resources


def inside(functions: list[Function]) -> Json:
    """For merging: the functions that call WeChat, put into the private subnets, with the right to be there."""
    resources: Json = {}
    place = {
        "SecurityGroupIds": [{"Ref": "WechatCallers"}],
        "SubnetIds": [{"Ref": f"PrivateSubnet{zone}"} for zone in ZONES],
    }
    right = {"Ref": "WechatCallersPolicy"}
    for function in functions:
        if function.name in CALLS_WECHAT:
            resources[function.id] = {"Properties": {"VpcConfig": _wanted(place)}}
            resources[f"{function.id}Role"] = {"Properties": {"ManagedPolicyArns": _wanted([right])}}
    return resources


def addresses() -> Json:
    """Output: what to enter into the platform's IP whitelist."""
    joined = {"Fn::Join": [" ", [{"Ref": f"EgressAddress{zone}"} for zone in ZONES]]}
    return {"EgressAddresses": {"Condition": "UseFixedEgress", "Value": joined}}


def _policy(stack: str) -> Json:
    """What Lambda itself does with the role of a function inside a network, and the function's own code may not.

    Source: AWS Lambda Developer Guide, "Configuring VPC access", execution role permissions and "Using Lambda function
    ARNs"; describing, EC2 knows no resources for. AWS's own policy for this would also let them make log groups.
    """
    here = "arn:${AWS::Partition}:%s:${AWS::Region}:${AWS::AccountId}:%s"
    interfaces = [{"Fn::Sub": here % ("ec2", "*/*")}]
    functions = [{"Fn::Sub": here % ("lambda", f"function:{stack}-{name}")} for name in CALLS_WECHAT]
    statements = [
        {"Effect": "Allow", "Action": list(_DESCRIBE), "Resource": "*"},
        {"Effect": "Allow", "Action": list(_ATTACH), "Resource": interfaces},
        {
            "Effect": "Deny",
            "Action": [*_DESCRIBE, *_ATTACH],
            "Resource": "*",
            "Condition": {"ArnEquals": {"lambda:SourceFunctionArn": functions}},
        },
    ]
    properties = {
        "Description": f"Network interfaces of the functions of {stack} that call WeChat",
        "PolicyDocument": {"Version": "2012-10-17", "Statement": statements},
    }
    return {"Type": "AWS::IAM::ManagedPolicy", **_IF_WANTED, "Properties": properties}


def _zone(zone: int, stack: str) -> Json:
    in_zone = {"VpcId": {"Ref": "Vpc"}, "AvailabilityZone": {"Fn::Select": [zone - 1, {"Fn::GetAZs": ""}]}}
    return {
        f"PublicSubnet{zone}": _ours("Subnet", {**in_zone, "CidrBlock": f"10.73.{zone}.0/24"}, stack),
        f"PublicSubnet{zone}Routes": _association(f"PublicSubnet{zone}", "PublicRoutes"),
        f"PrivateSubnet{zone}": _ours("Subnet", {**in_zone, "CidrBlock": f"10.73.{zone}0.0/24"}, stack),
        f"EgressAddress{zone}": _ours("EIP", {"Domain": "vpc"}, stack)
        | {"DependsOn": "InternetGatewayAttachment", **_KEPT},
        f"Nat{zone}": _ours(
            "NatGateway",
            {
                "AllocationId": {"Fn::GetAtt": [f"EgressAddress{zone}", "AllocationId"]},
                "SubnetId": {"Ref": f"PublicSubnet{zone}"},
            },
            stack,
        ),
        f"PrivateRoutes{zone}": _ours("RouteTable", {"VpcId": {"Ref": "Vpc"}}, stack),
        f"PrivateRoute{zone}": _route(f"PrivateRoutes{zone}", NatGatewayId={"Ref": f"Nat{zone}"}),
        f"PrivateSubnet{zone}Routes": _association(f"PrivateSubnet{zone}", f"PrivateRoutes{zone}"),
    }


def _gateway_endpoint(service: str) -> Json:
    """Free of charge, and keeps our own traffic off the NAT gateways, which are paid by the byte."""
    return _ours(
        "VPCEndpoint",
        {
            "VpcId": {"Ref": "Vpc"},
            "ServiceName": {"Fn::Sub": f"com.amazonaws.${{AWS::Region}}.{service}"},
            "VpcEndpointType": "Gateway",
            "RouteTableIds": [{"Ref": f"PrivateRoutes{zone}"} for zone in ZONES],
        },
    )


def _route(table: str, **target: Any) -> Json:
    return _ours("Route", {"RouteTableId": {"Ref": table}, "DestinationCidrBlock": "0.0.0.0/0", **target})


def _association(subnet: str, table: str) -> Json:
    return _ours("SubnetRouteTableAssociation", {"SubnetId": {"Ref": subnet}, "RouteTableId": {"Ref": table}})


def _ours(kind: str, properties: Json, name: str = "") -> Json:
    """A resource that is there only with fixed egress; ``name`` is the tag that the console shows."""
    tags = {"Tags": [{"Key": "Name", "Value": name}]} if name else {}
    return {"Type": f"AWS::EC2::{kind}", **_IF_WANTED, "Properties": {**properties, **tags}}


def _wanted(value: Any) -> Json:
    return {"Fn::If": ["UseFixedEgress", value, {"Ref": "AWS::NoValue"}]}
