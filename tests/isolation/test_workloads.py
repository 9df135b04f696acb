"""What jobs and models are given: an environment of their own, and keys for little and not long."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from people import Person, denied, refusal
from studio_plane import Studio, members, wait_for

from studio_ext.hosting import instances, keys
from studio_ext.run import namespace
from studio_ext.store import credentials as stored
from studio_ext.store.credentials import Credential

#: What the server has in its environment, and nobody else may see.
SERVERS = {
    "JUPYTER_TOKEN": "jupyter-token-of-the-server",
    "AWS_SECRET_ACCESS_KEY": "real-secret-of-the-server",
    "STUDIO_SECRET": "studio-secret-of-the-server",
    "PGPASSWORD": "database-password-of-the-server",
}
SPY = """
import json, os
seen = {}
for pid in ["self", str(os.getppid())]:
    try:
        seen[pid] = open(f"/proc/{pid}/environ").read()
    except OSError as error:
        seen[pid] = str(error)
print("ENVIRON", json.dumps(dict(os.environ)))
print("PROC", json.dumps(seen))
"""
CALLS = """
import json, os, boto3
from botocore.exceptions import ClientError
def attempt(service, operation, **params):
    try:
        getattr(boto3.client(service), operation)(**params)
        return "ok"
    except ClientError as error:
        return error.response["Error"]["Code"]
bucket, other, job = os.environ["BUCKET"], os.environ["OTHER"], os.environ["TRAINING_JOB_NAME"]
user = dict(DomainId="d-x", UserProfileName="x")
found = {
    "put": attempt("s3", "put_object", Bucket=bucket, Key="by-job", Body=b"x"),
    "get": attempt("s3", "get_object", Bucket=bucket, Key="by-job"),
    "other": attempt("s3", "get_object", Bucket=other, Key="mine"),
    "policy": attempt("s3", "put_bucket_policy", Bucket=bucket, Policy="{}"),
    "drop": attempt("s3", "delete_bucket", Bucket=bucket),
    "whoami": attempt("sts", "get_caller_identity"),
    "describe": attempt("sagemaker", "describe_training_job", TrainingJobName=job),
    "logs": attempt("logs", "describe_log_groups"),
    "metric": attempt("cloudwatch", "put_metric_data", Namespace="N",
                      MetricData=[{"MetricName": "m", "Value": 1.0}]),
    "session": attempt("sts", "get_session_token"),
    "assume": attempt("sts", "assume_role", RoleArn=os.environ["ROLE"], RoleSessionName="abc"),
    "key": attempt("iam", "create_access_key"),
    "keys": attempt("iam", "list_access_keys"),
    "user": attempt("sagemaker", "create_user_profile", **user),
    "users": attempt("sagemaker", "list_user_profiles"),
    "stop": attempt("sagemaker", "stop_training_job", TrainingJobName=job),
    "delete": attempt("sagemaker", "delete_training_job", TrainingJobName=job),
    "tag": attempt("sagemaker", "add_tags", ResourceArn=os.environ["ARN"],
                   Tags=[{"Key": "studio:shared-with", "Value": "@all"}]),
}
print("FOUND", json.dumps(found))
"""
needs_namespaces = pytest.mark.skipif(
    not namespace.probe(Path("/tmp"))["opt_ml"], reason="this platform has no mount namespaces"
)
MAY = {"put", "get", "whoami", "describe", "logs", "metric"}


@pytest.fixture(autouse=True)
def secretive(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SERVERS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def endpoint(ana: Person) -> Iterator[str]:
    """An endpoint of ana's that answers with its environment, started by a secretive server."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SERVERS.items():
            patch.setenv(name, value)
        ana.deploy("spying")
    yield "spying"
    ana.sagemaker.delete_endpoint(EndpointName="spying")


def word(log: str, name: str) -> Any:
    line = next(line for line in log.splitlines() if line.startswith(f"{name} "))
    return json.loads(line.partition(" ")[2])


def key_of(environment: dict[str, str]) -> Credential:
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    return Credential(*(environment[name] for name in names), "", "", "", "")


def test_a_job_has_nothing_of_the_servers_environment(ana: Person) -> None:
    ana.run("spy", SPY)
    log = ana.log("spy")
    environment = word(log, "ENVIRON")
    assert not set(SERVERS.values()) & set(environment.values())
    ours = {name for name in environment if name.startswith("STUDIO_")}
    assert ours == {"STUDIO_JOB_FOLDER", "STUDIO_JOB_ID"}
    assert "JUPYTER_TOKEN" not in environment
    read = json.dumps(word(log, "PROC"))
    assert "AWS_ACCESS_KEY_ID" in read  # its own could be read: the test sees something
    assert [value for value in SERVERS.values() if value in read] == []


def test_a_jobs_key_does_what_a_script_needs(ana: Person, ben: Person) -> None:
    ben.put("mine", b"ben's")
    environment = {
        "BUCKET": ana.bucket,
        "OTHER": ben.bucket,
        "ROLE": ana.role,
        "ARN": ana.arn("training-job", "calls"),
    }
    ana.run("calls", CALLS, Environment=environment)
    found = word(ana.log("calls"), "FOUND")
    assert {name for name, outcome in found.items() if outcome == "ok"} == MAY
    assert {outcome for name, outcome in found.items() if name not in MAY} <= {
        "AccessDenied",
        "AccessDeniedException",
    }


def test_a_jobs_key_ends_with_the_job(ana: Person, studio: Studio) -> None:
    ana.run("brief", SPY)
    key = key_of(word(ana.log("brief"), "ENVIRON"))
    assert key.session_token and key.access_key_id.startswith("ASIA")
    code, _, status = refusal(studio.client("sts", key).get_caller_identity)
    assert (code, status) == ("InvalidClientTokenId", 403)


def test_a_jobs_key_expires(ana: Person, studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within its runtime and an hour, even if nobody notes the job's end."""
    ana.job("sleeper", f"{SPY}\nimport sys, time; sys.stdout.flush(); time.sleep(600)")
    wait_for(lambda: "ENVIRON" in ana.log("sleeper"))
    key = key_of(word(ana.log("sleeper"), "ENVIRON"))
    as_job = studio.client("sts", key)
    assert as_job.get_caller_identity()["Account"] == ana.account
    found = studio.plane.store.credentials.get(key.access_key_id)
    assert found is not None and found.expires is not None and found.scope == "workload"
    assert 0 < found.expires - time.time() <= 600 + 3600
    token = key.session_token
    later = SimpleNamespace(time=lambda: found.expires + 1)
    monkeypatch.setattr(stored, "time", later)
    code, _, _ = refusal(as_job.get_caller_identity)
    monkeypatch.undo()
    assert code in ("ExpiredToken", "InvalidClientTokenId"), token is not None
    ana.sagemaker.stop_training_job(TrainingJobName="sleeper")
    ana.ended("sleeper")


def test_a_model_has_nothing_of_the_servers_environment(ana: Person, endpoint: str) -> None:
    answer = json.loads(
        ana.runtime.invoke_endpoint(EndpointName=endpoint, Body=b"{}")["Body"].read()
    )
    environment = answer["environ"]
    assert not set(SERVERS.values()) & set(environment.values())
    assert "AWS_SECRET_ACCESS_KEY" not in environment
    found = ana.plane.store.resources.get("endpoint", ana.account, endpoint)
    assert found is not None
    root = next(ana.config.endpoints_dir.glob(f"endpoint-{found.id}-*"))
    status = instances.observe(ana.plane.world, root.name)
    assert status is not None
    for pid in [status["pid"], *(worker["pid"] for worker in status["workers"])]:
        read = Path(f"/proc/{pid}/environ").read_text()
        assert [value for value in SERVERS.values() if value in read] == []


@needs_namespaces
def test_a_model_finds_only_its_own_in_the_home(ana: Person, endpoint: str) -> None:
    body = json.dumps({"home": ana.config.home})
    answer = ana.runtime.invoke_endpoint(EndpointName=endpoint, Body=body)["Body"].read()
    assert set(json.loads(answer)["seen"]) == {"endpoints", "environments", "sdk-config.yaml"}


def test_a_models_key_is_renewed_before_it_runs_out(
    ana: Person, ben: Person, studio: Studio, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = studio.plane.store.resources.get("endpoint", ana.account, endpoint)
    assert found is not None
    root = next(studio.config.endpoints_dir.glob(f"endpoint-{found.id}-*"))

    def kept() -> dict[str, Any]:
        return dict(json.loads((root / "key.json").read_text()))

    def key(document: dict[str, Any]) -> Credential:
        names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
        return Credential(*(document[name] for name in names), "", "", "", "")

    first = kept()
    left = datetime.fromisoformat(first["Expiration"]) - datetime.now(UTC)
    assert 11 * 3600 < left.total_seconds() <= 12 * 3600
    monkeypatch.setattr(keys, "MARGIN_S", keys.LIFETIME_S - 1)  # so it is time
    second = wait_for(lambda: kept() if kept() != first else None)
    monkeypatch.undo()
    for document in (first, second):  # those who still have the old one are not cut off
        as_model = studio.client("s3", key(document))
        as_model.put_object(Bucket=ana.bucket, Key="by-model", Body=b"x")
        assert denied(as_model.get_object, Bucket=ben.bucket, Key="mine")
        assert denied(as_model.put_bucket_policy, Bucket=ana.bucket, Policy="{}")
    session = studio.client("sts", key(second))
    assert refusal(session.get_session_token)[0].startswith("AccessDenied")


LOOKS = """
import json, os
home, sockets = os.environ["HOME_OF_STUDIO"], os.environ["SOCKETS"]
found = {}
for name in ("studio.db", "credentials.json", "objects", "users", "run/gateway.json", "logs"):
    found[name] = os.path.exists(os.path.join(home, name))
found["jobs"] = os.listdir(os.path.join(home, "jobs"))
found["home"] = sorted(os.listdir(home))
found["sockets"] = os.listdir(sockets)
try:
    open(os.path.join(home, "planted"), "w").close()
    found["planted"] = "made"
except OSError as error:
    found["planted"] = type(error).__name__
environments = os.path.join(home, "environments")
try:
    open(os.path.join(environments, "planted"), "w").close()
    found["poisoned"] = "made"
except OSError as error:
    found["poisoned"] = type(error).__name__
found["data"] = open("/opt/ml/input/data/train/x.csv").read()
open("/opt/ml/model/m", "w").write("made in here")
print("LOOKED", json.dumps(found))
"""


@needs_namespaces
def test_a_job_finds_only_its_own_in_the_home(ana: Person, ben: Person, studio: Studio) -> None:
    uri = ana.put("look/x.csv", b"1,2")
    ben.run("neighbour")
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}
    environment = {
        "HOME_OF_STUDIO": studio.config.home,
        "SOCKETS": str(studio.config.socket_dir),
    }
    done = ana.run(
        "looking",
        LOOKS,
        Environment=environment,
        InputDataConfig=[{"ChannelName": "train", "DataSource": source}],
    )
    found = word(ana.log("looking"), "LOOKED")
    assert found.pop("jobs") == [ana.job_id("looking")]
    assert set(found.pop("home")) <= {"environments", "jobs", "sdk-config.yaml"}
    assert (found.pop("data"), found.pop("sockets")) == ("1,2", [])
    assert (found.pop("planted"), found.pop("poisoned")) == ("OSError", "OSError")
    assert not any(found.values()), found
    archive = ana.get(done["ModelArtifacts"]["S3ModelArtifacts"])
    assert members(archive) == {"m": b"made in here"}
    assert not (studio.config.path / "planted").exists()
    assert (studio.config.path / "studio.db").exists() or studio.config.database_url
