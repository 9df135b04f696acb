"""The audit log: every change and every denial, before the answer, without secrets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import databases
import pytest
import requests
from botocore.config import Config as ClientConfig
from botocore.exceptions import ClientError
from studio_plane import SKLEARN, Studio, running_studio

from studio_ext import cli
from studio_ext.seen import audit, auditread, redaction
from studio_ext.seen.audit import Audit, Record, day_files, records
from studio_ext.store.credentials import Credential
from studio_ext.wire import models


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    with running_studio() as studio:
        yield studio


@pytest.fixture(scope="module")
def ana(studio: Studio) -> Credential:
    """The key of another user profile."""
    studio.plane.store.accounts.open("default", "ana")
    return studio.plane.store.credentials.issue("a test", domain="default", user_profile="ana")


def _folder(studio: Studio) -> Path:
    return studio.config.logs_dir / "audit"


def _all(folder: Path) -> list[Record]:
    return [record for path in day_files(folder) for record in records(path)]


def _of(studio: Studio, request: str) -> list[Record]:
    return [record for record in _all(_folder(studio)) if record["requestID"] == request]


def _model(studio: Studio, name: str, **environment: str) -> dict[str, Any]:
    return {
        "ModelName": name,
        "ExecutionRoleArn": studio.config.role_arn,
        "PrimaryContainer": {"Image": SKLEARN, "Environment": environment},
    }


def test_a_change_has_a_record_in_cloudtrails_form(studio: Studio) -> None:
    made = studio.sagemaker.create_model(**_model(studio, "seen", HF_TOKEN="hf_very_secret"))
    (record,) = _of(studio, made["ResponseMetadata"]["RequestId"])
    assert record["eventSource"] == "sagemaker.amazonaws.com"
    assert record["eventName"] == "CreateModel" and record["readOnly"] is False
    assert record["requestParameters"]["modelName"] == "seen"
    container = record["requestParameters"]["primaryContainer"]
    assert container["environment"] == {"HF_TOKEN": redaction.HIDDEN}
    assert record["responseElements"]["modelArn"].endswith("model/seen")
    identity = record["userIdentity"]
    assert identity["accessKeyId"] == studio.plane.credential.access_key_id
    assert identity["userName"] == "default" and identity["type"] == "AssumedRole"
    assert record["sourceIPAddress"] == "127.0.0.1" and "Boto3" in record["userAgent"]
    assert record["awsRegion"] == "us-east-1" and record["eventType"] == "AwsApiCall"
    assert "errorCode" not in record
    text = json.dumps(_all(_folder(studio)))
    assert "hf_very_secret" not in text
    assert studio.plane.credential.secret_access_key not in text


def test_reads_and_data_leave_none(studio: Studio) -> None:
    before = len(_all(_folder(studio)))
    studio.sagemaker.list_models()
    studio.put("k", b"x")
    studio.s3.get_object(Bucket=studio.bucket, Key="k")
    studio.s3.delete_object(Bucket=studio.bucket, Key="k")
    assert len(_all(_folder(studio))) == before
    studio.s3.create_bucket(Bucket="recorded")
    (record,) = _all(_folder(studio))[before:]
    assert record["eventName"] == "CreateBucket"
    assert record["resources"] == [{"ARN": "s3://recorded", "accountId": studio.config.account_id}]


def test_a_failed_change_and_a_denied_read(studio: Studio, ana: Credential) -> None:
    with pytest.raises(ClientError) as failed:
        studio.sagemaker.delete_model(ModelName="nope")
    (record,) = _of(studio, failed.value.response["ResponseMetadata"]["RequestId"])
    assert record["errorCode"] == "ValidationException" and "nope" in record["errorMessage"]
    with pytest.raises(ClientError) as denied:
        studio.client("s3", ana).list_objects_v2(Bucket=studio.bucket)
    (record,) = _of(studio, denied.value.response["ResponseMetadata"]["RequestId"])
    assert record["errorCode"] == "AccessDenied" and record["readOnly"] is True
    assert record["userIdentity"]["userName"] == "ana"


def test_an_unknown_key_is_recorded(studio: Studio) -> None:
    stranger = Credential("AKIANOBODY", "x", None, "default", "default", "", "000000000000")
    with pytest.raises(ClientError) as denied:
        studio.client("sagemaker", stranger).create_model(**_model(studio, "stolen"))
    (record,) = _of(studio, denied.value.response["ResponseMetadata"]["RequestId"])
    assert record["userIdentity"] == {"type": "Unknown", "accessKeyId": "AKIANOBODY"}
    assert record["eventSource"] == "sagemaker.amazonaws.com"
    assert record["errorCode"] == denied.value.response["Error"]["Code"]
    assert record["eventName"] == "CreateModel" and record["requestParameters"] is None


def test_a_flood_of_strangers_is_counted_and_bounded(studio: Studio) -> None:
    before = len(_all(_folder(studio)))
    session = requests.Session()
    for _ in range(300):
        session.post(f"{studio.plane.url}/", headers={"X-Amz-Target": "SageMaker.CreateModel"})
    time.sleep(0.3)
    session.post(f"{studio.plane.url}/", headers={"X-Amz-Target": "SageMaker.CreateModel"})
    new = _all(_folder(studio))[before:]
    passed = sum(
        record.get("additionalEventData", {}).get("refusedAndNotRecorded", 0) for record in new
    )
    assert len(new) < 200 and len(new) + passed == 301


def test_the_command(studio: Studio, ana: Credential, capsys: pytest.CaptureFixture[str]) -> None:
    studio.client("sagemaker", ana).create_model(**_model(studio, "anas"))
    home = ["--home", studio.config.home]
    assert cli.main(["audit", "--user", "ana", "--operation", "CreateModel", *home]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert " ana " in line and "CreateModel" in line and line.endswith("anas")
    assert cli.main(["audit", "--json", "--since", "1h", "--limit", "2", *home]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [record["eventName"] for record in found][-1] == "CreateModel" and len(found) == 2
    assert cli.main(["audit", "--since", "2999-01-01", *home]) == 0
    assert capsys.readouterr().out == ""


def test_cloudtrail_answers_boto3(studio: Studio, ana: Credential) -> None:
    for number in range(5):
        studio.sagemaker.create_model(**_model(studio, f"looked-up-{number}"))
    trail = studio.client("cloudtrail")
    asked = [{"AttributeKey": "EventName", "AttributeValue": "CreateModel"}]
    pages = trail.get_paginator("lookup_events").paginate(
        LookupAttributes=asked, PaginationConfig={"PageSize": 2}
    )
    events = [event for page in pages for event in page["Events"]]
    wanted = [record for record in _all(_folder(studio)) if record["eventName"] == "CreateModel"]
    assert [event["EventId"] for event in events] == [r["eventID"] for r in reversed(wanted)]
    about = [[item["ResourceName"] for item in event["Resources"]] for event in events]
    mine = [event for event, names in zip(events, about, strict=True) if names == ["looked-up-4"]]
    assert mine[0]["Username"] == "default"
    assert mine[0]["Resources"][0]["ResourceType"] == "AWS::SageMaker::Model"
    assert json.loads(mine[0]["CloudTrailEvent"])["eventName"] == "CreateModel"
    ago = datetime.now(UTC) - timedelta(seconds=60)
    assert abs(mine[0]["EventTime"].timestamp() - ago.timestamp()) < 120
    assert trail.lookup_events(StartTime=ago)["Events"]
    assert not trail.lookup_events(EndTime=ago - timedelta(days=2))["Events"]
    # Others see what is their own; jobs and models see nothing.
    own = studio.client("cloudtrail", ana).lookup_events()["Events"]
    assert own and {event["Username"] for event in own} == {"ana"}
    job = studio.plane.store.credentials.issue("a test's job", lifetime_s=60, scope="workload")
    with pytest.raises(ClientError, match="AccessDenied"):
        studio.client("cloudtrail", job).lookup_events()


# --- the log itself


def _record(number: int, **more: Any) -> Record:
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {"eventID": f"e{number}", "eventTime": moment, "requestID": f"r{number}", **more}


def test_a_call_cut_short_gets_its_record(tmp_path: Path) -> None:
    log = Audit(tmp_path)
    for number in range(3):
        log.begin(_record(number))
    log.finish(_record(1))
    os.close(log._journal)  # as the kernel does when the process is killed
    again = Audit(tmp_path)
    found = {record["eventID"]: record.get("errorCode") for record in _all(tmp_path)}
    assert found == {"e1": None, "e0": "ServiceUnavailable", "e2": "ServiceUnavailable"}
    again.close()
    assert [path.name for path in tmp_path.iterdir()] == [day_files(tmp_path)[0].name]


def test_the_journal_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_JOURNAL_BYTES", 2000)
    log = Audit(tmp_path)
    log.begin(_record(-1))
    for number in range(200):
        log.begin(_record(number))
        log.finish(_record(number))
    (journal,) = tmp_path.glob(".open-*")
    assert journal.stat().st_size < 2500
    assert next(audit.read_journals(tmp_path))["eventID"] == "e-1"
    log.finish(_record(-1))
    assert journal.stat().st_size == 0
    log.close()


def test_files_turn_and_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "MOST_BYTES", 1000)
    logs = [Audit(tmp_path), Audit(tmp_path)]
    threads = [
        threading.Thread(
            target=lambda log=log, n=n: [log.finish(_record(n + i)) for i in range(50)]
        )
        for n, log in ((0, logs[0]), (100, logs[1]))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [record["eventID"] for record in _all(tmp_path)]
    assert sorted(found) == sorted(f"e{n + i}" for n in (0, 100) for i in range(50))
    assert len(day_files(tmp_path)) > 5
    newest = [item.record["eventID"] for item in auditread.newest(tmp_path, lambda _: True)]
    assert newest == found[::-1]
    old = tmp_path / "2020-01-01.jsonl"
    old.write_text(json.dumps(_record(1)) + "\n")
    logs[0].forget(365)
    assert not old.exists() and len(day_files(tmp_path)) > 5
    for log in logs:
        log.close()


_FULL = """
import errno, os, sys
from pathlib import Path
from studio_ext.seen.audit import Audit, day_files, records
folder = Path(sys.argv[1])
assert os.system(f"mount -t tmpfs -o size=128k tmpfs {folder}") == 0
log = Audit(folder / "audit")
record = lambda n: {"eventID": f"e{n}", "eventTime": "2026-01-01T00:00:00Z", "filler": "x" * 6000}
log.begin(record(0))
ballast = open(folder / "ballast", "wb", buffering=0)
try:
    while True:
        ballast.write(b"x" * 512)
except OSError:
    pass
refused = 0
for number in range(1, 5):
    try:
        log.begin(record(number))
    except OSError as error:
        assert error.errno == errno.ENOSPC
        refused += 1
log.finish(record(0))
print("refused", refused, "written", sum(1 for p in day_files(log.folder) for _ in records(p)))
os.unlink(folder / "ballast")
ballast.close()
log.sync()
print([r["eventID"] for p in day_files(log.folder) for r in records(p)])
"""


def test_a_full_disk_refuses_changes_and_loses_no_record(tmp_path: Path) -> None:
    result = subprocess.run(
        ["unshare", "-rm", sys.executable, "-c", _FULL, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare" in result.stderr and not result.stdout:
        pytest.skip(f"no namespaces here: {result.stderr}")
    first, last = result.stdout.splitlines()
    assert first.startswith("refused ") and int(first.split()[1]) >= 3
    assert first.endswith("written 0") and last == "['e0']"


_KILLED = """
import sys
from studio_ext.config import Config
from studio_ext.plane import ControlPlane
plane = ControlPlane(Config(home=sys.argv[1]))
plane.start()
print(plane.url, flush=True)
sys.stdin.read()
"""


def test_whoever_was_answered_has_a_record_after_kill_9(tmp_path: Path) -> None:
    """The server is killed amid a stream of calls: each answered one is there, and none twice."""
    from leftovers import end_all_of

    home = tmp_path / "home"
    process = subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(home)],
        env={**os.environ, **databases.environment(home)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        key = json.loads((home / "credentials.json").read_text())
        answered: list[str] = []

        def work(who: int) -> None:
            client = boto3.client(
                "sagemaker",
                endpoint_url=url,
                region_name="us-east-1",
                aws_access_key_id=key["access_key_id"],
                aws_secret_access_key=key["secret_access_key"],
                config=ClientConfig(retries={"max_attempts": 0}),
            )
            for number in range(10_000):
                request = {
                    "ModelName": f"m-{who}-{number}",
                    "ExecutionRoleArn": "arn:aws:iam::000000000000:role/StudioExecutionRole",
                    "PrimaryContainer": {"Image": SKLEARN},
                }
                try:
                    made = client.create_model(**request)
                except Exception:
                    return
                answered.append(made["ResponseMetadata"]["RequestId"])

        threads = [threading.Thread(target=work, args=(who,)) for who in range(3)]
        for thread in threads:
            thread.start()
        while len(answered) < 60 and any(thread.is_alive() for thread in threads):
            time.sleep(0.01)
        process.kill()
        process.wait()  # clients see it go before its locks are free
        for thread in threads:
            thread.join()
        folder = home / "logs" / "audit"
        recorded = [record["requestID"] for record in _all(folder)]
        assert len(answered) >= 60
        assert set(answered) <= set(recorded)
        # Those in flight get their record from the next server; then every model has one.
        Audit(folder).close()
        recorded = [record["requestID"] for record in _all(folder)]
        assert len(recorded) == len(set(recorded)) <= len(answered) + 3
        assert not list(folder.glob(f".open-{process.pid}-*"))  # the gateway's own is there
    finally:
        process.kill()
        process.wait()
        end_all_of(home)


# --- what is kept of parameters


def test_secrets_are_left_out() -> None:
    shape = models.service_model("sagemaker").operation_model("CreateTrainingJob").input_shape
    kept = redaction.kept(
        shape,
        {
            "TrainingJobName": "j",
            "HyperParameters": {"lr": "0.1", "wandb_api_key": "s3cr3t", "note": "hf_" + "a" * 30},
            "Environment": {"PATH": "/bin", "DB": "postgresql://u:p@h"},
            "VpcConfig": {"Subnets": ["a"], "SecurityGroupIds": ["b"]},
        },
    )
    assert kept["hyperParameters"] == {
        "lr": "0.1",
        "wandb_api_key": redaction.HIDDEN,
        "note": redaction.HIDDEN,
    }
    assert kept["environment"] == {"PATH": redaction.HIDDEN, "DB": redaction.HIDDEN}
    assert kept["vpcConfig"] == {"subnets": ["a"], "securityGroupIds": ["b"]}
    workforce = models.service_model("sagemaker").operation_model("CreateWorkforce").input_shape
    config = {"OidcConfig": {"ClientId": "c", "ClientSecret": "never"}}
    assert redaction.kept(workforce, config)["oidcConfig"] == {
        "clientId": "c",
        "clientSecret": redaction.HIDDEN,
    }


@pytest.mark.parametrize(
    "value",
    [
        {"TrainingJobName": "x" * 100_000},
        {"HyperParameters": {f"k{n}": "v" * 900 for n in range(1000)}},
        {"Tags": [{"Key": "k" * 900, "Value": "v" * 900} for _ in range(1000)]},
        {"Unknown": {"a": {"b": [{"c": "d" * 5000}] * 1000}}},
        {f"N{n}" * 500: "v" * 1000 for n in range(100)},
    ],
)
def test_what_is_kept_is_small(value: dict[str, Any]) -> None:
    shape = models.service_model("sagemaker").operation_model("CreateTrainingJob").input_shape
    kept = json.dumps(redaction.kept(shape, value), separators=(",", ":"))
    assert len(kept) <= redaction.MOST_BYTES


def test_deep_parameters_end() -> None:
    deep: dict[str, Any] = {}
    for _ in range(500):
        deep = {"x": deep}
    assert len(json.dumps(redaction.kept(None, deep))) < 500
