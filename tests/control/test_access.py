"""The decisions, as tables."""

from __future__ import annotations

import json
from typing import Any

import pytest

from studio_ext.control import access, policies
from studio_ext.control.access import Action
from studio_ext.store.objects import BucketInfo
from studio_ext.store.resources import Resource
from studio_ext.wire.dispatch import Caller

ANA, BEN, ADMIN = "111111111111", "222222222222", "000000000000"


def caller(account: str = BEN, name: str = "ben", domain: str = "default", scope: Any = None):
    return Caller("AKIA", name, domain, f"arn:aws:iam::{account}:role/R", account, scope)


ADMINISTRATOR = caller(ADMIN, "default")


def resource(shared: str | None = None, domain: str = "default") -> Resource:
    return Resource(1, "model", ANA, domain, "m", "arn", "ana", None, {}, {}, shared=shared)


@pytest.mark.parametrize(
    ("shared", "who", "may"),
    [
        (None, caller(ANA, "ana"), {"READ", "INVOKE", "CHANGE"}),
        (None, caller(), set()),
        (None, ADMINISTRATOR, set()),  # administers profiles, not their things
        ("", caller(), set()),
        ("ben", caller(), {"READ", "INVOKE"}),
        ("carl ben dora", caller(), {"READ", "INVOKE"}),
        ("carl  dora", caller(), set()),
        ("benjamin be Ben", caller(), set()),
        ("@all", caller(), {"READ", "INVOKE"}),
        ("@all", caller(domain="other"), set()),
        ("other/@all", caller(domain="other"), {"READ", "INVOKE"}),
        ("ben", caller(domain="other"), set()),
        ("other/ben", caller(domain="other"), {"READ", "INVOKE"}),
        ("other/ben", caller(), set()),
        ("ben", caller(scope="workload"), {"READ", "INVOKE"}),
        # A name and a domain that are another's together are nobody's apart.
        ("ben", caller(ANA, "carl"), {"READ", "INVOKE", "CHANGE"}),
    ],
)
def test_resources(shared: str | None, who: Caller, may: set[str]) -> None:
    decisions = {a.name: access.resource(who, a, resource(shared)) for a in Action}
    assert {name for name, decision in decisions.items() if decision} == may
    assert all(decision.reason for decision in decisions.values())


@pytest.mark.parametrize(
    ("service", "name", "user", "administrator", "workload"),
    [
        ("sagemaker", "CreateTrainingJob", True, True, False),
        ("sagemaker", "StopTrainingJob", True, True, False),
        ("sagemaker", "DescribeTrainingJob", True, True, True),
        ("sagemaker", "ListEndpoints", True, True, True),
        ("sagemaker", "AddTags", True, True, False),
        ("sagemaker", "CreateUserProfile", False, True, False),
        ("sagemaker", "DeleteUserProfile", False, True, False),
        ("sagemaker", "ListUserProfiles", True, True, False),
        ("sagemaker", "DescribeDomain", True, True, False),
        ("sagemaker", "CreateDomain", False, True, False),
        ("sagemaker-runtime", "InvokeEndpoint", True, True, True),
        ("s3", "PutObject", True, True, True),
        ("s3", "CreateBucket", True, True, True),
        ("s3", "PutBucketPolicy", True, True, False),
        ("s3", "DeleteBucketPolicy", True, True, False),
        ("s3", "DeleteBucket", True, True, False),
        ("sts", "GetCallerIdentity", True, True, True),
        ("sts", "GetSessionToken", True, True, False),
        ("sts", "AssumeRole", True, True, False),
        ("iam", "GetRole", True, True, True),
        ("iam", "CreateAccessKey", True, True, False),
        ("studio", "GetHome", True, True, False),
        ("studio", "GetMetricSeries", True, True, True),
        ("a-new-service", "Anything", True, True, False),
    ],
)
def test_operations(
    service: str, name: str, user: bool, administrator: bool, workload: bool
) -> None:
    callers = (caller(), ADMINISTRATOR, caller(scope="workload"))
    found = [bool(access.operation(who, service, name)) for who in callers]
    assert found == [user, administrator, workload]
    # The administrator's jobs administer nothing, and nobody knows what else a key may be for.
    for scope in ("workload", "something-else"):
        scoped = caller(ADMIN, "default", scope=scope)
        expected = workload and scope == "workload"
        assert bool(access.operation(scoped, service, name)) == expected


def test_who_knows_of_whom() -> None:
    assert access.profile(ADMINISTRATOR, ANA)
    assert access.profile(caller(), BEN)
    assert not access.profile(caller(), ANA)
    assert not access.profile(caller(ADMIN, "default", scope="workload"), ANA)
    assert access.keys(ADMINISTRATOR, ANA) and access.keys(caller(), BEN)
    assert not access.keys(caller(), ANA)
    assert not access.keys(caller(scope="workload"), BEN)
    assert not access.administers(caller(ADMIN, "default", domain="other"))


def statement(
    effect: str = "Allow", who: Any = "*", actions: Any = "s3:GetObject", what: str = "/*"
) -> dict[str, Any]:
    ends = ("", "/*") if what == "*" else (what,)  # "*": the bucket and all that is in it
    resources = [f"arn:aws:s3:::b{end}" for end in ends]
    return {"Effect": effect, "Principal": who, "Action": actions, "Resource": resources}


def bucket(*statements: dict[str, Any]) -> BucketInfo:
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    policy = policies.parse(text, "b", {"profile/ben": BEN}.get) if statements else None
    return BucketInfo("b", ANA, "default/ana", "us-east-1", 0.0, policy)


@pytest.mark.parametrize(
    ("statements", "who", "action", "key", "allowed"),
    [
        ([], caller(ANA, "ana"), "s3:GetObject", "k", True),
        ([], caller(), "s3:GetObject", "k", False),
        ([], ADMINISTRATOR, "s3:GetObject", "k", False),
        ([statement()], caller(), "s3:GetObject", "k", True),
        ([statement()], caller(), "s3:PutObject", "k", False),
        ([statement()], caller(), "s3:ListBucket", None, False),
        ([statement(what="")], caller(), "s3:GetObject", "k", False),
        ([statement(what="", actions="s3:ListBucket")], caller(), "s3:ListBucket", None, True),
        ([statement(what="/in/*")], caller(), "s3:GetObject", "in/k", True),
        ([statement(what="/in/*")], caller(), "s3:GetObject", "inside", False),
        ([statement(what="/in/*")], caller(), "s3:GetObject", "x/in/k", False),
        ([statement(what="/?.csv")], caller(), "s3:GetObject", "a.csv", True),
        ([statement(what="/?.csv")], caller(), "s3:GetObject", "aXcsv", False),
        ([statement(what="/[ab]")], caller(), "s3:GetObject", "a", False),
        ([statement(what="/*")], caller(), "s3:GetObject", "a\nb", True),
        ([statement(actions="S3:Get*")], caller(), "s3:GetObjectTagging", "k", True),
        ([statement(actions=["s3:*"])], caller(), "s3:DeleteObject", "k", True),
        ([statement(actions="*", what="/*")], caller(), "s3:PutBucketPolicy", None, False),
        ([statement(actions="*", what="*")], caller(), "s3:DeleteBucketPolicy", None, False),
        ([statement(who={"AWS": BEN})], caller(), "s3:GetObject", "k", True),
        ([statement(who={"AWS": [ADMIN, BEN]})], caller(), "s3:GetObject", "k", True),
        ([statement(who={"AWS": ADMIN})], caller(), "s3:GetObject", "k", False),
        ([statement(who={"AWS": f"arn:aws:iam::{BEN}:root"})], caller(), "s3:GetObject", "k", True),
        ([statement(who={"AWS": "profile/ben"})], caller(), "s3:GetObject", "k", True),
        ([statement(), statement("Deny")], caller(), "s3:GetObject", "k", False),
        ([statement("Deny")], caller(ANA, "ana"), "s3:GetObject", "k", False),
        ([statement("Deny", what="*", actions="*")], caller(ANA, "a"), "s3:PutObject", "k", False),
        (
            [statement("Deny", what="", actions="*")],
            caller(ANA, "a"),
            "s3:DeleteBucketPolicy",
            None,
            True,
        ),
    ],
)
def test_buckets(
    statements: list[dict[str, Any]], who: Caller, action: str, key: str | None, allowed: bool
) -> None:
    assert bool(access.bucket(who, action, bucket(*statements), key)) == allowed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no json",
        "[]",
        "{}",
        '{"Statement": []}',
        '{"Statement": ["x"]}',
        '{"Version": "2020-01-01", "Statement": []}',
        '{"Statement": {"Effect": "Allow", "Principal": "*", "Action": 5, "Resource": "x"}}',
        '{"Statement": {"Effect": "Allow", "Principal": {"Service": "x"}}}',
        '{"Statement": {"Effect": "Allow", "Principal": "ben"}}',
        '{"Statement": {"Effect": "Allow", "Principal": {"AWS": {}}}}',
        (
            '{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", '
            '"Resource": "arn:aws:s3:::bc/*"}}'
        ),
        f'{{"Statement": "{"x" * policies.MAX_BYTES}"}}',
    ],
)
def test_malformed_policies(text: str) -> None:
    with pytest.raises(policies.MalformedPolicy):
        policies.parse(text, "b", lambda _: None)
