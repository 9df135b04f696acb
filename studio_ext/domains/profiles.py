"""User profiles: who uses a Studio, each with an account of its own.

They are kept in the administrator's account and named by their domain's id and their own name.
Only the administrator manages them; anybody else knows of its own alone.
"""

from __future__ import annotations

from typing import Any

from ..config import DEFAULT_DOMAIN, DEFAULT_USER_PROFILE
from ..control import access, paging, tags
from ..control.kinds import Kind
from ..control.verbs import jsonable
from ..control.world import World
from ..store.accounts import AccountTaken
from ..store.listing import Query
from ..store.resources import NameTaken, Resource
from ..wire.dispatch import Call, Registry
from ..wire.errors import ResourceInUse, ResourceNotFound, ValidationException

_PAGE = 1000
DEFAULT_PAGE = 10
_SORT_BY = {"CreationTime": "created", "LastModifiedTime": "modified"}

USER_PROFILE = Kind(
    name="user-profile",
    api="UserProfile",
    label="user profile",
    items="UserProfiles",
    status="InService",
    status_member="Status",
)


class UserProfiles:
    """Create, Describe, List, Update and Delete."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._admin = world.config.account_id
        world.add_kind(USER_PROFILE)

    def register(self, registry: Registry) -> None:
        """Add the five operations."""
        registry.add("sagemaker", "CreateUserProfile", self.create)
        registry.add("sagemaker", "DescribeUserProfile", self.describe)
        registry.add("sagemaker", "ListUserProfiles", self.page)
        registry.add("sagemaker", "UpdateUserProfile", self.update)
        registry.add("sagemaker", "DeleteUserProfile", self.delete)

    def of_domain(self, domain_id: str) -> list[Resource]:
        """Every user profile of a domain."""
        return [one for one in self._all() if one.spec["DomainId"] == domain_id]

    def is_default(self, found: Resource) -> bool:
        """Whether a profile is the administrator's own."""
        return bool(found.state["account"] == self._admin)

    # --- operations

    def create(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """A profile with a new account; its keys are made by IAM or ``studio keys``."""
        for member in ("SingleSignOnUserIdentifier", "SingleSignOnUserValue"):
            if member in params:
                raise ValidationException(f"{member}: single sign-on is not built into Studio.")
        labels = tags.checked(params.get("Tags", []))
        domain = self._domain(params["DomainId"])
        name = params["UserProfileName"]
        accounts = self._world.store.accounts
        try:
            account = accounts.open(domain, name)
        except AccountTaken:
            # Opened by a call that was killed before it was through, or that is here beside us.
            account = accounts.of(domain, name) or accounts.open(domain, name)
        try:
            made = self._keep(call, params, domain, account, labels)
        except NameTaken:
            raise self._taken(params["DomainId"], name) from None
        return {"UserProfileArn": made.arn}

    def keep_default(self, call: Call, domain_id: str) -> None:
        """List the administrator's own profile too, in the domain it is of."""
        params = {"DomainId": domain_id, "UserProfileName": DEFAULT_USER_PROFILE}
        self._keep(call, params, DEFAULT_DOMAIN, self._admin, {})

    def describe(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """A profile as SageMaker describes it."""
        found = self._find(call, params)
        return {**found.spec, **_times(found), "UserProfileArn": found.arn}

    def page(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """The profiles that the caller may know of."""
        asked = {k: v for k, v in params.items() if k not in ("NextToken", "MaxResults")}
        limit = params.get("MaxResults") or DEFAULT_PAGE
        contains = params.get("UserProfileNameContains", "").lower()
        domain = params.get("DomainIdEquals")
        order = _SORT_BY[params.get("SortBy", "CreationTime")]
        descending = params.get("SortOrder") == "Descending"
        found = sorted(
            (
                (getattr(one, order), one.id, one)
                for one in self._all()
                if self._may_see(call, one)
                and contains in one.spec["UserProfileName"].lower()
                and domain in (None, one.spec["DomainId"])
            ),
            reverse=descending,
        )
        if params.get("NextToken"):
            after = tuple(paging.decode(params["NextToken"], asked))
            found = [
                item for item in found if (item[:2] < after if descending else item[:2] > after)
            ]
        answer: dict[str, Any] = {"UserProfiles": [_summary(one) for _, _, one in found[:limit]]}
        if len(found) > limit:
            answer["NextToken"] = paging.encode(list(found[limit - 1][:2]), asked)
        return answer

    def update(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Replace the settings."""
        found = self._find(call, params)
        with self._world.store.resources.edit(found.id, actor=call.caller.user_profile) as edited:
            if edited is not None:
                edited.spec.update(jsonable(params))
        return {"UserProfileArn": found.arn}

    def delete(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """End a profile: its keys at once; what it stored stays, and is nobody's."""
        found = self._find(call, params)
        account = found.state["account"]
        if self.is_default(found):
            raise ValidationException("UserProfileName: the administrator's cannot be deleted.")
        running = self._running(account)
        if running:
            raise ResourceInUse(
                f"UserProfileName: {found.spec['UserProfileName']} still runs "
                f"{', '.join(running)}; stop or delete them first."
            )
        store = self._world.store
        store.credentials.revoke_account(account)
        store.accounts.close(account)
        store.resources.delete(found.id, call.caller.user_profile)
        return {}

    # --- parts

    def _keep(
        self,
        call: Call,
        params: dict[str, Any],
        domain: str,
        account: str,
        labels: dict[str, str],
    ) -> Resource:
        caller, name = call.caller, _key(params["DomainId"], params["UserProfileName"])
        return self._world.store.resources.create(
            kind=USER_PROFILE.name,
            account=self._admin,
            domain=caller.domain,
            name=name,
            arn=self._world.arn(USER_PROFILE, name, self._admin),
            owner=caller.user_profile,
            status=USER_PROFILE.status,
            spec=jsonable({key: value for key, value in params.items() if key != "Tags"}),
            state={"account": account, "domain": domain},
            resource_tags=labels,
        )

    def _domain(self, identity: str) -> str:
        """Name of the domain of an id."""
        found = self._world.store.resources.get("domain", self._admin, identity)
        if found is None:
            raise ResourceNotFound(f"DomainId: there is no domain {identity}.")
        return str(found.spec["DomainName"])

    def _find(self, call: Call, params: dict[str, Any]) -> Resource:
        identity, name = params["DomainId"], params["UserProfileName"]
        key = _key(identity, name)
        found = self._world.store.resources.get(USER_PROFILE.name, self._admin, key)
        if found is None or not self._may_see(call, found):
            raise ResourceNotFound(
                f"UserProfileName: there is no user profile {name} in domain {identity}."
            )
        return found

    @staticmethod
    def _may_see(call: Call, found: Resource) -> bool:
        return bool(access.profile(call.caller, found.state["account"]))

    def _all(self) -> list[Resource]:
        resources = self._world.store.resources
        query = Query(USER_PROFILE.name, self._admin, sort_by="name", limit=_PAGE)
        found: list[Resource] = []
        while page := resources.list(query):
            found += page
            query.after = query.position(page[-1])
        return found

    def _running(self, account: str) -> list[str]:
        """What runs for an account, in words."""
        words = []
        for kind in self._world.kinds.values():
            counts = self._world.store.resources.count_by_status(kind.name, account)
            number = sum(counts.get(status, 0) for status in kind.unfinished)
            if number:
                words.append(f"{number} {kind.label}{'s' if number > 1 else ''}")
        return words

    @staticmethod
    def _taken(domain_id: str, name: str) -> ResourceInUse:
        return ResourceInUse(f"UserProfileName: {name} exists already in domain {domain_id}.")


def _key(domain_id: str, name: str) -> str:
    return f"{domain_id}/{name}"


def _times(found: Resource) -> dict[str, Any]:
    return {
        "Status": found.status,
        "CreationTime": found.created,
        "LastModifiedTime": found.modified,
    }


def _summary(found: Resource) -> dict[str, Any]:
    names = {key: found.spec[key] for key in ("DomainId", "UserProfileName")}
    return names | _times(found)
