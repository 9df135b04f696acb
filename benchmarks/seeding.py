"""Filling a Studio home quickly: finished jobs with their tags, curves and events; objects.

Rows are written as the control plane would have left them, past its operations, so that 100,000
jobs take seconds. ``python -m benchmarks.seeding HOME --jobs 100000 --objects 1000000``.
"""

from __future__ import annotations

import argparse
import time
import uuid
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, func, insert, select

from studio_ext.config import DEFAULT_DOMAIN, DEFAULT_USER_PROFILE, Config
from studio_ext.store import Store
from studio_ext.store.metrics import metric_points, metric_series
from studio_ext.store.objects.tables import buckets, objects
from studio_ext.store.tables import events, resources, tags

BATCH = 5000
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
#: One second between jobs, the last of them now.
SPACING_S = 1.0
CURVE = 5
TEAMS = ("fraud", "search", "pricing", "ads")
T = TypeVar("T")


def status_of(number: int) -> str:
    """Of a hundred jobs one was stopped, three failed and the others completed."""
    return {0: "Stopped", 1: "Failed", 34: "Failed", 67: "Failed"}.get(number % 100, "Completed")


def job_name(number: int) -> str:
    """Names as the SageMaker SDK makes them: a base and something unique."""
    return f"{TEAMS[number % len(TEAMS)]}-model-{number:07d}"


def _specification(config: Config, number: int, name: str) -> dict[str, Any]:
    return {
        "TrainingJobName": name,
        "RoleArn": config.role_arn,
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "accuracy", "Regex": "accuracy=([0-9.]+)"}],
        },
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": f"s3://{config.default_bucket}/data/{number % 7}/train",
                        "S3DataDistributionType": "FullyReplicated",
                    }
                },
                "ContentType": "text/csv",
            }
        ],
        "OutputDataConfig": {"S3OutputPath": f"s3://{config.default_bucket}/out"},
        "ResourceConfig": {
            "InstanceType": "ml.m5.large" if number % 3 else "ml.m5.xlarge",
            "InstanceCount": 1,
            "VolumeSizeInGB": 30,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 86400},
        "HyperParameters": {
            "sagemaker_program": '"train.py"',
            "sagemaker_submit_directory": f'"s3://{config.default_bucket}/{name}/source.tar.gz"',
            "max_depth": str(number % 10),
            "eta": str(number % 50 / 100),
        },
    }


def _state(config: Config, name: str, status: str, created: float) -> dict[str, Any]:
    steps = ("Starting", "Downloading", "Training", "Uploading", status)
    transitions = [
        {
            "Status": step,
            "StartTime": created + 10 * index,
            "EndTime": created + 10 * (index + 1),
            "StatusMessage": f"{step} the training job",
        }
        for index, step in enumerate(steps)
    ]
    artifact = f"s3://{config.default_bucket}/out/{name}/output/model.tar.gz"
    failed = {"failure_reason": "AlgorithmError: ExecuteUserScriptError"}
    return {
        "secondary": status,
        "transitions": transitions,
        "metric_definitions": [{"Name": "accuracy", "Regex": "accuracy=([0-9.]+)"}],
        "cores": 1.0,
        "admitted": created,
        "launched": created,
        "started": created + 10,
        "ended": created + 50,
        "metrics": {"offset": 1000, "counts": {"accuracy": CURVE}},
        **(failed if status == "Failed" else {"artifacts": artifact}),
    }


def _jobs(
    config: Config, first: int, count: int, account: str, owner: str
) -> Iterator[dict[str, Any]]:
    until = time.time()
    for number in range(count):
        name, status = job_name(first + number), status_of(first + number)
        created = until - SPACING_S * (count - number)
        yield {
            "id": first + number,
            "kind": "training-job",
            "account": account,
            "domain": DEFAULT_DOMAIN,
            "name": name,
            "version": 0,
            "arn": config.arn(f"training-job/{name}", account),
            "owner": owner,
            "status": status,
            "spec": _specification(config, first + number, name),
            "state": _state(config, name, status, created),
            "created": created,
            "modified": created + 50,
        }


def seed_jobs(store: Store, count: int, *, owner: str = DEFAULT_USER_PROFILE) -> None:
    """Add ``count`` finished training jobs, each with two tags, a curve and five events."""
    account = store.accounts.of(DEFAULT_DOMAIN, owner)
    assert account is not None, f"there is no user profile {owner}"
    with store.begin() as connection:
        first = _next(connection, resources)
        series = _next(connection, metric_series)
        event = _next(connection, events)
        rows = _jobs(store.config, first, count, account, owner)
        for jobs in _batches(rows):
            connection.execute(insert(resources), jobs)
            connection.execute(insert(tags), [tag for job in jobs for tag in _tags(job)])
            shift = series - first
            connection.execute(insert(metric_series), [_series(job, shift) for job in jobs])
            connection.execute(
                insert(metric_points), [p for job in jobs for p in _points(job, shift)]
            )
            connection.execute(
                insert(events),
                [
                    {"id": event + 5 * (job["id"] - first) + step, **_event(job, step)}
                    for job in jobs
                    for step in range(5)
                ],
            )
        _advance(connection)


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, BATCH)):
        yield batch


def _advance(connection: Connection) -> None:
    """PostgreSQL counts apart from the rows: have it go on behind them."""
    if connection.dialect.name == "postgresql":
        for table in (resources, metric_series, events):
            highest = select(func.max(table.c.id)).scalar_subquery()
            sequence = func.pg_get_serial_sequence(table.name, "id")
            connection.execute(select(func.setval(sequence, highest)))


def _next(connection: Connection, table: Table) -> int:
    return int(connection.scalar(select(func.coalesce(func.max(table.c.id), 0))) or 0) + 1


def _tags(job: dict[str, Any]) -> list[dict[str, Any]]:
    values = {"team": job["name"].partition("-")[0], "run": str(job["id"])}
    return [{"resource_id": job["id"], "key": k, "value": v} for k, v in values.items()]


def _series(job: dict[str, Any], shift: int) -> dict[str, Any]:
    resource = f"{job['account']}/training-job/{job['name']}"
    return {"id": job["id"] + shift, "resource": resource, "name": "accuracy", "dimension": ""}


def _points(job: dict[str, Any], shift: int) -> list[dict[str, Any]]:
    return [
        {
            "series_id": job["id"] + shift,
            "position": step,
            "timestamp": job["created"] + step,
            "step": step,
            "value": (job["id"] % 100 + step) / 110,
        }
        for step in range(CURVE)
    ]


def _event(job: dict[str, Any], step: int) -> dict[str, Any]:
    return {
        "at": job["created"] + 10 * step,
        "resource_id": job["id"],
        "kind": job["kind"],
        "account": job["account"],
        "domain": job["domain"],
        "name": job["name"],
        "change": "updated" if step else "created",
        "status": job["status"] if step == 4 else "InProgress",
        "actor": "controller" if step else job["owner"],
    }


def seed_objects(store: Store, count: int, *, bucket: str = "many", files: bool = False) -> None:
    """Add a bucket of ``count`` objects of one byte: ``year/month/part-NNNNNNN.csv``.

    Their data files are made only with ``files``; listings and HeadObject need none.
    """
    now = time.time()
    with store.begin() as connection:
        if connection.scalar(select(buckets.c.name).where(buckets.c.name == bucket)) is None:
            connection.execute(
                insert(buckets).values(
                    name=bucket,
                    account=store.config.account_id,
                    owner=f"{DEFAULT_DOMAIN}/{DEFAULT_USER_PROFILE}",
                    region=store.config.region,
                    created=now,
                )
            )
        for numbers in _batches(range(count)):
            rows = [_object(bucket, number, now) for number in numbers]
            connection.execute(insert(objects), rows)
            if files:
                _write_files(store, [row["data"] for row in rows])


def _object(bucket: str, number: int, now: float) -> dict[str, Any]:
    return {
        "bucket": bucket,
        "key": f"{2000 + number % 25}/{number // 25 % 12 + 1:02d}/part-{number:07d}.csv",
        "data": uuid.uuid4().hex,
        "size": 1,
        "etag": "7fc56270e7a70fa81a5935b72eacbe29",  # MD5 of "A"
        "modified": now,
        "owner": f"{DEFAULT_DOMAIN}/{DEFAULT_USER_PROFILE}",
        "storage_class": "STANDARD",
        "content_type": "text/csv",
        "headers": {},
        "user_metadata": {},
        "tags": {},
        "checksum_type": None,
        "checksums": {},
    }


def _write_files(store: Store, names: list[str]) -> None:
    for name in names:
        folder = store.config.objects_dir / name[:2]
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"A")


def main() -> None:
    """Fill the home that is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home")
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--objects", type=int, default=0)
    parser.add_argument("--files", action="store_true", help="write the objects' data files too")
    options = parser.parse_args()
    store = Store(Config(home=options.home))
    started = time.perf_counter()
    seed_jobs(store, options.jobs)
    print(f"{options.jobs} jobs in {time.perf_counter() - started:.1f} s")
    started = time.perf_counter()
    seed_objects(store, options.objects, files=options.files)
    print(f"{options.objects} objects in {time.perf_counter() - started:.1f} s")
    store.close()


if __name__ == "__main__":
    main()
