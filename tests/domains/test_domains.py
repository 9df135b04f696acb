"""Domains through the dispatcher, as boto3's parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio_ext.config import Config
from studio_ext.control.world import World
from studio_ext.domains import operations
from studio_ext.run.runners.process import ProcessRunner
from studio_ext.store import Store
from studio_ext.wire.dispatch import Caller, Dispatcher, Registry
from studio_ext.wire.errors import ApiError

_REQUEST: dict[str, Any] = {
    "DomainName": "my-studio-domain",
    "AuthMode": "IAM",
    "DefaultUserSettings": {"ExecutionRole": "arn:aws:iam::123456789012:role/SageMakerRole"},
    "SubnetIds": ["subnet-12345"],
    "VpcId": "vpc-12345",
}


@pytest.fixture
def api(tmp_path: Path):
    """Calls an operation as the default user."""
    config = Config(home=str(tmp_path))
    store = Store(config)
    runner = ProcessRunner(config.jobs_dir, config.environments_dir)
    registry = Registry()
    operations.register(registry, World(config, store, runner, lambda _: {}))
    dispatcher = Dispatcher(registry, store.credentials, config.region)
    caller = Caller.of(store.credentials.default())

    async def call(name: str, **params: Any) -> dict[str, Any]:
        return await dispatcher.invoke("sagemaker", name, params, caller)

    yield call
    dispatcher.close()
    store.close()


async def test_create_describe_update_list_delete(api) -> None:
    identity = (await api("CreateDomain", **_REQUEST))["DomainId"]
    described = await api("DescribeDomain", DomainId=identity)
    assert described["DomainName"] == "my-studio-domain"
    assert described["Status"] == "InService"
    assert described["DomainArn"].endswith(f":domain/{identity}")
    await api("UpdateDomain", DomainId=identity, SubnetIds=["subnet-2"])
    assert (await api("DescribeDomain", DomainId=identity))["SubnetIds"] == ["subnet-2"]
    assert [d["DomainName"] for d in (await api("ListDomains"))["Domains"]] == ["my-studio-domain"]
    await api("DeleteDomain", DomainId=identity)
    with pytest.raises(ApiError, match="no domain"):
        await api("DescribeDomain", DomainId=identity)


async def test_a_name_is_taken_once(api) -> None:
    await api("CreateDomain", **_REQUEST)
    with pytest.raises(ApiError, match="DomainName") as refused:
        await api("CreateDomain", **_REQUEST)
    assert refused.value.code == "ResourceInUse"
