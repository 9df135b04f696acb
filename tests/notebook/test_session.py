"""The environment that connects programs to Studio."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from studio_ext.notebook import session


def test_connection_names_the_server_and_the_key(home: Path) -> None:
    variables = session.connection(home, environ={})
    assert variables["AWS_ENDPOINT_URL"] == "http://127.0.0.1:9"
    assert variables["AWS_ACCESS_KEY_ID"] == "AKIAFAKE"
    assert variables["STUDIO_HOME"] == str(home)
    assert "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME" not in variables


def test_predictions_go_to_the_gateway_when_there_is_one(home: Path) -> None:
    (home / "run" / "gateway.json").write_text(json.dumps({"port": 81, "pid": 1}))
    variables = session.connection(home, environ={})
    assert variables["AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"] == "http://127.0.0.1:81"


@pytest.mark.parametrize(
    ("host", "expected"),
    [("0.0.0.0", "127.0.0.1"), ("::", "127.0.0.1"), ("::1", "[::1]"), ("10.0.0.5", "10.0.0.5")],
)
def test_an_address_to_listen_on_becomes_one_to_connect_to(
    home: Path, host: str, expected: str
) -> None:
    (home / "run" / "control.json").write_text(json.dumps({"port": 80, "host": host}))
    assert session.endpoint(home) == f"http://{expected}:80"


def test_the_persons_own_paths_and_plugins_are_kept_once(home: Path) -> None:
    before = {"PYTHONPATH": "/mine:/yours", "BOTOCORE_EXPERIMENTAL__PLUGINS": "x=y"}
    first = session.connection(home, environ=before)
    assert first["PYTHONPATH"].split(":") == [str(session.CLIENT_DIR), "/mine", "/yours"]
    assert first["BOTOCORE_EXPERIMENTAL__PLUGINS"] == "studio=studio_botocore,x=y"
    assert session.connection(home, environ=first)["PYTHONPATH"] == first["PYTHONPATH"]


def test_a_proxy_is_not_used_for_this_machine(home: Path) -> None:
    assert "NO_PROXY" not in session.connection(home, environ={})
    variables = session.connection(
        home, environ={"http_proxy": "http://proxy:3128", "NO_PROXY": "intra.net"}
    )
    assert variables["no_proxy"] == variables["NO_PROXY"] == "intra.net,127.0.0.1,localhost"


def test_other_identities_and_endpoints_are_foreign(home: Path) -> None:
    environ = {"AWS_ENDPOINT_URL_S3": "http://minio", "AWS_PROFILE": "work", "AWS_CONFIG_FILE": "c"}
    variables = session.connection(home, environ=environ)
    foreign = session.foreign(variables, environ)
    assert {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"} <= set(foreign)
    assert "AWS_CONFIG_FILE" not in foreign


def test_apply_changes_the_given_environment(home: Path, environment: None) -> None:
    environ = {"AWS_PROFILE": "work", "KEEP": "1"}
    session.apply(home, environ)
    assert "AWS_PROFILE" not in environ
    assert environ["KEEP"] == "1"
    assert environ["AWS_ACCESS_KEY_ID"] == "AKIAFAKE"
    assert str(session.CLIENT_DIR) in sys.path


def test_sdk_defaults_are_written_once(home: Path) -> None:
    path = Path(session.connection(home, environ={})["SAGEMAKER_USER_CONFIG_OVERRIDE"])
    modules = yaml.safe_load(path.read_text())["SageMaker"]["PythonSDK"]["Modules"]
    assert modules == {"TelemetryOptOut": True}
    written = path.stat().st_ino
    session.connection(home, environ={})
    assert path.stat().st_ino == written


@pytest.mark.parametrize("missing", ["run/control.json", "credentials.json"])
def test_a_home_without_a_server_says_what_to_do(home: Path, missing: str) -> None:
    (home / missing).unlink()
    with pytest.raises(session.NotRunning, match="studio serve --home"):
        session.connection(home, environ={})


def test_running_means_that_the_port_answers(home: Path, live_home: Path) -> None:
    session.require_running(live_home)
    with pytest.raises(session.NotRunning, match=r"nothing listens on 127\.0\.0\.1:9"):
        session.require_running(home)


PROGRAM = """
import boto3
sts = boto3.client("sts", endpoint_url="https://sts.us-east-1.amazonaws.com")
assert sts.get_caller_identity()["Account"]
s3 = boto3.client("s3")
s3.create_bucket(Bucket="profile-test")
print(sts.meta.region_name, s3._request_signer._credentials.access_key)
"""


def test_a_persons_aws_profile_does_not_get_in_the_way(live_home: Path, tmp_path: Path) -> None:
    """A profile with another region, endpoint, keys and addressing style changes nothing."""
    config = tmp_path / "config"
    config.write_text(
        "[default]\nregion = eu-west-1\nendpoint_url = http://127.0.0.1:1\n"
        "ignore_configured_endpoint_urls = true\nuse_fips_endpoint = true\n"
        "aws_access_key_id = REAL\naws_secret_access_key = REAL\n"
        "s3 =\n  addressing_style = virtual\n"
    )
    environ = os.environ | {"AWS_CONFIG_FILE": str(config), "AWS_PROFILE": "missing"}
    variables = session.connection(live_home, environ=environ)
    for name in session.foreign(variables, environ):
        environ.pop(name, None)
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environ | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert result.stdout.split() == ["us-east-1", "AKIAFAKE"], result.stderr
