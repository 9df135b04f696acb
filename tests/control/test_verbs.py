"""The generic verbs over a declared kind."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from studio_ext.control import paging
from studio_ext.control.kinds import Kind
from studio_ext.control.verbs import Verbs
from studio_ext.control.world import World
from studio_ext.wire.errors import ApiError, ResourceInUse, ValidationException

THING = Kind(
    name="thing",
    api="Thing",
    label="thing",
    items="Things",
    status="Creating",
    admit=lambda _world, _call, params: {"color": params.get("Color")},
    describe=lambda _world, resource: {"Color": resource.state["color"]},
    summary={"Short": ("state", "color")},
    spec_filters={"ColorEquals": ("Color",)},
)


@pytest.fixture
def verbs(world: World) -> Verbs:
    return Verbs(world, THING)


def names(answer: dict[str, Any]) -> list[str]:
    return [item["ThingName"] for item in answer["Things"]]


def test_create_describe_delete(verbs: Verbs, call: Any, world: World) -> None:
    when = datetime(2024, 1, 1, tzinfo=UTC)
    tags = [{"Key": "a", "Value": "b"}]
    created = verbs.create(call, {"ThingName": "one", "Color": "red", "When": when, "Tags": tags})
    arn = "arn:aws:sagemaker:us-east-1:111111111111:thing/one"
    assert created == {"ThingArn": arn}
    found = verbs.describe(call, {"ThingName": "one"})
    assert found.pop("CreationTime") == found.pop("LastModifiedTime")
    assert found == {
        "ThingName": "one",
        "ThingArn": arn,
        "ThingStatus": "Creating",
        "Color": "red",
        "When": when.timestamp(),
    }
    assert world.store.resources.tags(verbs.find(call, "one").id) == {"a": "b"}
    with pytest.raises(ResourceInUse, match="one exists already"):
        verbs.create(call, {"ThingName": "one"})
    verbs.delete(call, {"ThingName": "one"})
    with pytest.raises(ValidationException, match='Could not find thing "arn:aws'):
        verbs.describe(call, {"ThingName": "one"})


def test_a_refused_create_leaves_nothing(verbs: Verbs, call: Any) -> None:
    for tags in (
        [{"Key": "aws:mine", "Value": ""}],
        [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}],
    ):
        with pytest.raises(ValidationException, match="Tags"):
            verbs.create(call, {"ThingName": "one", "Tags": tags})
    assert verbs.list(call, {}) == {"Things": []}


def test_lists_by_page_filter_and_order(verbs: Verbs, call: Any) -> None:
    for number in range(7):
        color = "red" if number % 2 else "blue"
        verbs.create(call, {"ThingName": f"t{number}", "Color": color})
    first = verbs.list(call, {"MaxResults": 3})
    assert names(first) == ["t0", "t1", "t2"]
    second = verbs.list(call, {"MaxResults": 100, "NextToken": first["NextToken"]})
    assert names(second) == ["t3", "t4", "t5", "t6"]
    assert "NextToken" not in second
    assert names(verbs.list(call, {"ColorEquals": "red"})) == ["t1", "t3", "t5"]
    assert names(verbs.list(call, {"NameContains": "T6"})) == ["t6"]
    assert names(verbs.list(call, {"StatusEquals": "InService"})) == []
    downwards = {"SortBy": "Name", "SortOrder": "Descending", "MaxResults": 2}
    assert names(verbs.list(call, downwards)) == ["t6", "t5"]
    hour = timedelta(hours=1)
    now = datetime.now(UTC)
    assert names(verbs.list(call, {"CreationTimeAfter": now + hour})) == []
    assert len(names(verbs.list(call, {"CreationTimeAfter": now - hour}))) == 7
    assert names(verbs.list(call, {"LastModifiedTimeBefore": now - hour})) == []
    assert verbs.list(call, {"MaxResults": 1})["Things"][0]["Short"] == "blue"
    assert len(verbs.list(call, {"MaxResults": 7})["Things"]) == 7
    assert "NextToken" not in verbs.list(call, {"MaxResults": 7})


def test_other_accounts_are_out_of_sight(verbs: Verbs, call: Any) -> None:
    verbs.create(call, {"ThingName": "one"})
    call.caller.account_id = "222222222222"
    assert names(verbs.list(call, {})) == []
    with pytest.raises(ValidationException):
        verbs.describe(call, {"ThingName": "one"})
    verbs.create(call, {"ThingName": "one"})


@pytest.mark.parametrize(
    "token",
    [
        "rubbish",
        "ü",
        base64.b64encode(b"5").decode(),
        base64.b64encode(b"[1]").decode(),
        base64.b64encode(b'["x", null]').decode(),
        paging.encode([1.0, 1], {"SortBy": "Name"}),
    ],
)
def test_foreign_tokens_are_refused(verbs: Verbs, call: Any, token: str) -> None:
    with pytest.raises(ValidationException, match="NextToken"):
        verbs.list(call, {"NextToken": token})


def test_a_position_that_was_tampered_with_is_refused(verbs: Verbs, call: Any) -> None:
    digest, position = json.loads(base64.urlsafe_b64decode(paging.encode([1.0, 1], {})))
    forged = base64.urlsafe_b64encode(json.dumps([digest, [*position, "x"]]).encode()).decode()
    with pytest.raises(ApiError, match="NextToken"):
        verbs.list(call, {"NextToken": forged})


@pytest.mark.parametrize("sort_by", ["Name", "CreationTime", "LastModifiedTime", "Status"])
def test_a_list_goes_on_in_every_order(verbs: Verbs, call: Any, sort_by: str) -> None:
    for name in "abc":
        verbs.create(call, {"ThingName": name})
    asked = {"SortBy": sort_by, "MaxResults": 1}
    found, token = [], {}
    for _ in range(3):
        page = verbs.list(call, {**asked, **token})
        found += names(page)
        token = {"NextToken": page.get("NextToken")}
    assert found == ["a", "b", "c"] and token == {"NextToken": None}


@pytest.mark.parametrize(
    ("sort_by", "position"),
    [
        ("Name", ["a"]),
        ("Name", [1, 1]),
        ("Name", ["a", -1]),
        ("CreationTime", ["a", 1]),
        ("CreationTime", [True, 1]),
        ("CreationTime", [1.0, 2**63]),
        ("Status", ["a", 1.0, 1.5]),
        ("Status", {"a": 1}),
    ],
)
def test_a_position_that_is_none_is_refused(
    verbs: Verbs, call: Any, sort_by: str, position: Any
) -> None:
    token = paging.encode(position, {"SortBy": sort_by})
    with pytest.raises(ValidationException, match="NextToken"):
        verbs.list(call, {"SortBy": sort_by, "NextToken": token})
