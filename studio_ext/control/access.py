"""Who may do what: the one place where that is decided. Pure functions; whoever acts asks them.

Four questions, each with one function: may this caller call this operation at all
(:func:`operation`), may it do this with this resource (:func:`resource`), with this bucket
(:func:`bucket`), and is it the administrator (:func:`administers`).

As in AWS the boundary is the account, and each user profile has one of its own. Past it lead a
bucket's policy, and for resources, which have none in SageMaker, the tag ``studio:shared-with``:
names of user profiles (``ben``, or ``domain/ben`` of another domain) or ``@all`` (of the owner's
domain), separated by spaces. It lets them read and invoke, never change.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from ..config import DEFAULT_DOMAIN, DEFAULT_USER_PROFILE, role_of
from ..wire.errors import AccessDenied
from ..wire.identity import Caller
from . import policies

if TYPE_CHECKING:  # the gateway asks too, and needs none of these
    from ..store.objects import BucketInfo
    from ..store.resources import Resource
    from ..wire.dispatch import Call

#: The scope of the keys that jobs and model servers get.
WORKLOAD = "workload"
EVERYONE = "@all"


class Action(Enum):
    """What is done with a resource."""

    READ = "read"
    INVOKE = "invoke"
    CHANGE = "change"


@dataclass(frozen=True)
class Decision:
    """The answer, and the reason for it in words; true when it is yes."""

    allowed: bool
    reason: str

    def __bool__(self) -> bool:
        return self.allowed


_OWN = Decision(True, "it is the caller's own")

#: (service, beginning of the operation's name) of what a script or model may call.
_WORKLOAD_MAY = (
    ("s3", ""),
    ("logs", ""),
    ("cloudwatch", ""),
    ("sagemaker", "Describe"),
    ("sagemaker", "List"),
    ("sagemaker", "Search"),
    ("sagemaker", "BatchGet"),
    ("sagemaker-metrics", "Batch"),
    ("sagemaker-runtime", "Invoke"),
    ("sts", "GetCallerIdentity"),
    ("iam", "GetRole"),
    ("iam", "ListRoles"),
    ("studio", "GetMetricSeries"),
)
_WORKLOAD_MAY_NOT = (
    ("s3", "PutBucketPolicy"),
    ("s3", "DeleteBucket"),  # and the policy, tags and settings of one
    ("sagemaker", "DescribeDomain"),
    ("sagemaker", "DescribeUserProfile"),
    ("sagemaker", "ListDomains"),
    ("sagemaker", "ListUserProfiles"),
)
_ADMINISTRATION = (
    ("sagemaker", "CreateUserProfile"),
    ("sagemaker", "UpdateUserProfile"),
    ("sagemaker", "DeleteUserProfile"),
    ("sagemaker", "CreateDomain"),
    ("sagemaker", "UpdateDomain"),
    ("sagemaker", "DeleteDomain"),
)
#: The services whose errors have no "Exception" in their names.
_QUERY_LIKE = ("s3", "sts", "iam", "cloudwatch")
#: What a bucket's owner may always do, lest a policy lock everybody out.
_KEEPS = ("s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy")


class Scoped(Protocol):
    """Who asks: a caller, or the credential that stands for one."""

    @property
    def domain(self) -> str: ...
    @property
    def user_profile(self) -> str: ...
    @property
    def scope(self) -> str | None: ...


def administers(caller: Scoped) -> bool:
    """Whether the caller manages domains, user profiles and everybody's keys."""
    is_default = (caller.domain, caller.user_profile) == (DEFAULT_DOMAIN, DEFAULT_USER_PROFILE)
    return is_default and caller.scope is None


def operation(caller: Scoped, service: str, name: str) -> Decision:
    """Whether a caller may call an operation at all, whatever it names."""
    if caller.scope is not None:
        known = caller.scope == WORKLOAD and _among(service, name, _WORKLOAD_MAY)
        if not known or _among(service, name, _WORKLOAD_MAY_NOT):
            return Decision(False, f"a {caller.scope}'s key may not call {service}:{name}")
    if _among(service, name, _ADMINISTRATION) and not administers(caller):
        return Decision(False, f"only the administrator may call {service}:{name}")
    return Decision(True, "any user profile may call it")


def require_operation(call: Call) -> None:
    """Raise AccessDenied unless the caller of a call may make it: what the dispatcher asks."""
    decision = operation(call.caller, call.service, call.operation.name)
    if not decision:
        code = "AccessDenied" if call.service in _QUERY_LIKE else "AccessDeniedException"
        raise AccessDenied(f"User {caller_arn(call.caller)}: {decision.reason}.", code)


def caller_arn(caller: Caller) -> str:
    """A caller as a session of its role."""
    role = caller.role_arn.rpartition("/")[2]
    return f"arn:aws:sts::{caller.account_id}:assumed-role/{role}/{caller.user_profile}"


@lru_cache(maxsize=4096)
def _among(service: str, name: str, beginnings: tuple[tuple[str, str], ...]) -> bool:
    return any(service == of and name.startswith(begin) for of, begin in beginnings)


def resource(caller: Caller, action: Action, found: Resource) -> Decision:
    """Whether a caller may do something with a resource."""
    if found.account == caller.account_id:
        return _OWN
    if not is_shared_with(caller, found.domain, found.shared):
        return Decision(False, "it is another user profile's and not shared with the caller")
    if action is Action.CHANGE:
        return Decision(False, "what is shared may be read and invoked, not changed")
    return Decision(True, f"its owner {found.domain}/{found.owner} shares it")


def profile(caller: Caller, account: str) -> Decision:
    """Whether a caller may know of the user profile of an account."""
    if administers(caller):
        return Decision(True, "the administrator knows every user profile")
    return _OWN if caller.account_id == account else Decision(False, "it is another's")


def keys(caller: Caller, account: str) -> Decision:
    """Whether a caller may list, make and delete an account's access keys."""
    if caller.scope is not None:
        return Decision(False, f"a {caller.scope}'s key manages no keys")
    return profile(caller, account)


def is_shared_with(caller: Caller, domain: str, shared: str | None) -> bool:
    """Whether the value of the sharing tag on a resource of ``domain`` names a caller."""
    return any(key == (caller.domain, caller.user_profile) for key in readers(domain, shared)) or (
        (caller.domain, EVERYONE) in readers(domain, shared)
    )


def entry(caller: Caller, shared: str | None) -> Decision:
    """Whether a caller may use what the administrator has listed in the home; ``shared``: with
    whom, as the sharing tag's value says it of the default domain."""
    if administers(caller):
        return _OWN
    if caller.scope is None and is_shared_with(caller, DEFAULT_DOMAIN, shared):
        return Decision(True, "the administrator shares it")
    return Decision(False, "it is the administrator's and not shared with the caller")


def readers(domain: str, shared: str | None) -> frozenset[tuple[str, str]]:
    """(domain, user profile or ``@all``) of each name in a sharing tag's value."""
    found = set()
    for name in (shared or "").split():
        of, separator, profile = name.rpartition("/")
        found.add((of if separator else domain, profile))
    return frozenset(found)


def bucket(caller: Caller, action: str, found: BucketInfo, key: str | None = None) -> Decision:
    """Whether a caller may do something (``s3:GetObject``) in a bucket, with one of its keys.

    As in IAM an explicit Deny in the bucket's policy outranks everything, the owner's right too.
    """
    own = found.account == caller.account_id
    if own and (found.policy is None or action in _KEEPS):
        return _OWN
    what = found.name if key is None else f"{found.name}/{key}"
    says = policies.evaluate(found.policy, caller.account_id, action, f"arn:aws:s3:::{what}")
    if says == "Deny":
        return Decision(False, f"the policy of the bucket {found.name} denies {action}")
    if own:
        return _OWN
    if says == "Allow" and action not in _KEEPS:
        return Decision(True, f"the policy of the bucket {found.name} allows {action}")
    return Decision(False, f"{found.name} is another user profile's bucket")


def owner_of(found: Resource) -> Caller:
    """The caller that controllers act as when they work for a resource."""
    return Caller(
        access_key="",
        user_profile=found.owner,
        domain=found.domain,
        role_arn=role_of(found.account),
        account_id=found.account,
    )
