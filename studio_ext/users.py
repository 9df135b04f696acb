"""``studio user`` and ``studio keys``: who uses a Studio, through the API as its administrator."""

from __future__ import annotations

from typing import Any

from .config import DEFAULT_DOMAIN, Config
from .notebook.jobs import table

_NO_USERS = "No user profiles beside the default one."


def add(api: Any, name: str) -> str:
    """Create a user profile in the default domain; what was done, in words."""
    api.sagemaker.create_user_profile(DomainId=_domain(api), UserProfileName=name)
    return f"User profile {name} is there. Its keys: studio keys create --user {name}"


def listed(api: Any) -> str:
    """The user profiles of the default domain as a table."""
    pages = api.sagemaker.get_paginator("list_user_profiles").paginate(DomainIdEquals=_domain(api))
    rows = [
        {
            "name": item["UserProfileName"],
            "status": item["Status"],
            "created": f"{item['CreationTime']:%Y-%m-%d %H:%M}",
        }
        for page in pages
        for item in page["UserProfiles"]
    ]
    return table(rows, _NO_USERS)


def remove(api: Any, name: str) -> str:
    """Delete a user profile and its keys; what was done, in words."""
    api.sagemaker.delete_user_profile(DomainId=_domain(api), UserProfileName=name)
    return f"User profile {name} is gone, and its keys with it."


def create_key(api: Any, name: str) -> str:
    """A new access key, as the lines of an AWS credentials file; the secret is shown once."""
    key = api.client("iam").create_access_key(UserName=name)["AccessKey"]
    return (
        f"aws_access_key_id = {key['AccessKeyId']}\n"
        f"aws_secret_access_key = {key['SecretAccessKey']}"
    )


def listed_keys(api: Any, name: str) -> str:
    """The access keys of a user profile as a table."""
    rows = [
        {
            "key": item["AccessKeyId"],
            "status": item["Status"],
            "created": f"{item['CreateDate']:%Y-%m-%d %H:%M}",
        }
        for item in api.client("iam").list_access_keys(UserName=name)["AccessKeyMetadata"]
    ]
    return table(rows, f"{name} has no access keys.")


def revoke_key(api: Any, name: str, identity: str) -> str:
    """End an access key; what was done, in words."""
    api.client("iam").delete_access_key(UserName=name, AccessKeyId=identity)
    return f"{identity} is revoked; within seconds nobody can use it."


def keep_key(home: str, name: str) -> None:
    """Have the home keep a key of a user profile; raises UnknownUserProfile without one."""
    from .store import Store

    store = Store(Config(home=home))
    try:
        store.credentials.kept(name)
    finally:
        store.close()


def _domain(api: Any) -> str:
    """Id of the default domain, which is made when it is first needed."""
    pages = api.sagemaker.get_paginator("list_domains").paginate()
    for page in pages:
        for item in page["Domains"]:
            if item["DomainName"] == DEFAULT_DOMAIN:
                return str(item["DomainId"])
    role = api.client("iam").list_roles()["Roles"][0]["Arn"]
    made = api.sagemaker.create_domain(
        DomainName=DEFAULT_DOMAIN, AuthMode="IAM", DefaultUserSettings={"ExecutionRole": role}
    )
    return str(made["DomainId"])
