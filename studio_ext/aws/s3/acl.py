"""Access control lists: off, as in every new bucket of S3's own; the owner has full control."""

from __future__ import annotations

from ...wire.errors import ApiError
from .common import Params, owner

#: canned lists that grant nothing beyond what the owner has anyway
_HARMLESS = (None, "private", "bucket-owner-full-control")
_GRANTS = ("GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP")


def check_acl(params: Params) -> None:
    """Refuse to grant what would not be granted."""
    if params.get("ACL") not in _HARMLESS or any(name in params for name in _GRANTS):
        raise ApiError("AccessControlListNotSupported", "The bucket does not allow ACLs")


def grants(name: str) -> Params:
    """The answer of GetObjectAcl and GetBucketAcl."""
    full = {"Grantee": {"Type": "CanonicalUser", **owner(name)}, "Permission": "FULL_CONTROL"}
    return {"Owner": owner(name), "Grants": [full]}
