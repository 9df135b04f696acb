"""From S3 URIs to files: which objects a channel holds, and under which names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio_ext.config import Config
from studio_ext.control.world import World
from studio_ext.jobs.inputs import InputUnavailable, staging_folder
from studio_ext.store import Store
from studio_ext.training.channels import channels

KEYS = [
    "data/",
    "data/train.csv",
    "data/train/a.csv",
    "data/train/deep/",
    "data/train/deep/b.csv",
    "data/training/c.csv",
    "top.csv",
]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    config = Config(home=str(tmp_path / "home"))
    store = Store(config)
    store.objects.create_bucket("bucket")
    for key in KEYS:
        store.objects.put("bucket", key, key.encode())
    runner: Any = None
    yield World(config=config, store=store, runner=runner, connect=lambda _: {})
    store.close()


def deliver(world: World, uri: str, kind: str = "S3Prefix", **request: Any) -> dict[str, str]:
    """Names and contents of the files of a channel."""
    source = {"S3DataType": kind, "S3Uri": uri}
    channel = {"ChannelName": "train", "DataSource": {"S3DataSource": source}}
    found = channels(world, "job", world.store.objects, {"InputDataConfig": [channel], **request})[
        0
    ]
    assert found.destination == "/opt/ml/input/data/train"
    return {name: Path(path).read_text() for path, name in found.files}


@pytest.mark.parametrize(
    ("uri", "names"),
    [
        ("s3://bucket/data/train/", ["a.csv", "deep/b.csv"]),
        ("s3://bucket/data/train/deep", ["b.csv"]),
        ("s3://bucket/data/train.csv", ["train.csv"]),
        ("s3://bucket/data/train", ["a.csv", "deep/b.csv", "train.csv", "training/c.csv"]),
        ("s3://bucket/data/tr", ["train.csv", "train/a.csv", "train/deep/b.csv", "training/c.csv"]),
        ("s3://bucket/top", ["top.csv"]),
        ("s3://bucket/data/train/deep/b.csv", ["b.csv"]),
    ],
)
def test_prefixes(world: World, uri: str, names: list[str]) -> None:
    found = deliver(world, uri)
    assert sorted(found) == names
    for name, content in found.items():
        assert content in KEYS
        assert content.endswith(name)


def test_a_whole_bucket(world: World) -> None:
    wanted = {key: key for key in KEYS if not key.endswith("/")}
    assert deliver(world, "s3://bucket") == wanted
    assert deliver(world, "s3://bucket/") == wanted


@pytest.mark.parametrize(
    "uri", ["s3://bucket/none", "s3://bucket/data/train/x/", "s3://no-bucket/x"]
)
def test_nothing_there(world: World, uri: str) -> None:
    with pytest.raises(InputUnavailable, match=r"cannot be read|No S3 objects"):
        deliver(world, uri)


def test_a_folder_with_only_its_marker_is_empty(world: World) -> None:
    world.store.objects.put("bucket", "empty/", b"")
    with pytest.raises(InputUnavailable, match="No S3 objects"):
        deliver(world, "s3://bucket/empty/")


def manifest(world: World, content: Any) -> str:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    world.store.objects.put("bucket", "manifest", body)
    return "s3://bucket/manifest"


def test_a_manifest(world: World) -> None:
    uri = manifest(world, [{"prefix": "s3://bucket/data/"}, "train.csv", "train/a.csv"])
    assert deliver(world, uri, "ManifestFile") == {
        "train.csv": "data/train.csv",
        "train/a.csv": "data/train/a.csv",
    }


@pytest.mark.parametrize(
    "content",
    [
        b"not json",
        {},
        [],
        ["train.csv"],
        [{"other": 1}],
        [{"prefix": "nowhere"}],
        [{"prefix": "s3://bucket/data/"}, "missing.csv"],
        [{"prefix": "s3://bucket/data/"}],
    ],
)
def test_manifests_that_cannot_be_used(world: World, content: Any) -> None:
    with pytest.raises(InputUnavailable, match=r"manifest|cannot be read"):
        deliver(world, manifest(world, content), "ManifestFile")


def test_inputs_stay_what_they_were(world: World) -> None:
    """A job that waits for its supervisor reads what was there when it was launched."""
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/top.csv"}
    channel = {"ChannelName": "train", "DataSource": {"S3DataSource": source}}
    found = channels(world, "job", world.store.objects, {"InputDataConfig": [channel]})[0]
    world.store.objects.put("bucket", "top.csv", b"changed")
    world.store.objects.delete("bucket", "data/train.csv")
    assert Path(found.files[0][0]).read_text() == "top.csv"
    assert Path(found.files[0][0]).is_relative_to(staging_folder(world, "job"))


def test_checkpoints_to_go_on_from(world: World) -> None:
    world.store.objects.put("bucket", "ckpt/1/model", b"one")
    world.store.objects.put("bucket", "ckpt-other/2", b"two")
    config = {"S3Uri": "s3://bucket/ckpt", "LocalPath": "/opt/ml/here"}
    (found,) = channels(world, "job", world.store.objects, {"CheckpointConfig": config})
    assert (found.destination, found.writable) == ("/opt/ml/here", True)
    assert [name for _, name in found.files] == ["1/model"]
    (empty,) = channels(
        world, "job", world.store.objects, {"CheckpointConfig": {"S3Uri": "s3://bucket/new"}}
    )
    assert (empty.destination, empty.files) == ("/opt/ml/checkpoints", [])
