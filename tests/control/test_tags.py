"""AddTags, ListTags, DeleteTags."""

from __future__ import annotations

from typing import Any

import pytest

from studio_ext.control.tags import Tags
from studio_ext.control.world import World
from studio_ext.wire.errors import ResourceLimitExceeded, ResourceNotFound, ValidationException

ARN = "arn:aws:sagemaker:us-east-1:111111111111:thing/one"


@pytest.fixture
def tags(world: World) -> Tags:
    world.store.resources.create(
        kind="thing",
        account="111111111111",
        domain="d",
        name="one",
        arn=ARN,
        owner="ana",
        status=None,
        spec={},
    )
    return Tags(world)


def pairs(**values: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


def test_add_replace_delete(tags: Tags, call: Any) -> None:
    assert tags.add(call, {"ResourceArn": ARN, "Tags": pairs(a="1")}) == {"Tags": pairs(a="1")}
    added = tags.add(call, {"ResourceArn": ARN, "Tags": pairs(a="2", b="3")})
    assert added == {"Tags": pairs(a="2", b="3")}
    tags.delete(call, {"ResourceArn": ARN, "TagKeys": ["a", "c"]})
    assert tags.list(call, {"ResourceArn": ARN}) == {"Tags": pairs(b="3")}


def test_refusals(tags: Tags, call: Any) -> None:
    with pytest.raises(ResourceNotFound, match="thing/two"):
        tags.list(call, {"ResourceArn": ARN.replace("one", "two")})
    with pytest.raises(ValidationException, match="reserved"):
        tags.add(call, {"ResourceArn": ARN, "Tags": pairs(**{"AWS:x": "1"})})
    with pytest.raises(ValidationException, match="twice"):
        tags.add(call, {"ResourceArn": ARN, "Tags": [*pairs(a="1"), *pairs(a="2")]})
    tags.add(call, {"ResourceArn": ARN, "Tags": pairs(**{f"k{n}": "v" for n in range(50)})})
    with pytest.raises(ResourceLimitExceeded, match="at most 50"):
        tags.add(call, {"ResourceArn": ARN, "Tags": pairs(z="1")})
    tags.add(call, {"ResourceArn": ARN, "Tags": pairs(k1="new")})


def test_pages(tags: Tags, call: Any) -> None:
    every = pairs(**{f"k{number:02}": "v" for number in range(50)})
    tags.add(call, {"ResourceArn": ARN, "Tags": every})
    first = tags.list(call, {"ResourceArn": ARN, "MaxResults": 30})
    rest = tags.list(call, {"ResourceArn": ARN, "NextToken": first["NextToken"]})
    assert first["Tags"] + rest["Tags"] == every
    assert "NextToken" not in rest
