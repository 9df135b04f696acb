"""Requests to AWS's own host names reach Studio."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from studio_ext.client import studio_botocore as plugin

STUDIO = "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    ("url", "is_s3", "expected"),
    [
        ("https://sts.us-east-1.amazonaws.com/", False, "/"),
        ("https://sts.amazonaws.com", False, "/"),
        ("https://api.sagemaker.cn-north-1.amazonaws.com.cn/", False, "/"),
        ("https://sagemaker.us-east-1.api.aws/x", False, "/x"),
        ("https://s3.us-east-1.amazonaws.com/bucket/key", True, "/bucket/key"),
        ("https://bucket.s3.us-east-1.amazonaws.com/a%20b?list-type=2", True,
         "/bucket/a%20b?list-type=2"),
        ("https://my.dotted.s3-data.s3.amazonaws.com", True, "/my.dotted.s3-data/"),
        ("https://bucket.s3.dualstack.us-west-2.amazonaws.com/k", True, "/bucket/k"),
        ("https://bucket.s3-eu-west-1.amazonaws.com/k", True, "/bucket/k"),
    ],
)  # fmt: skip
def test_hosts_of_aws_are_replaced(url: str, is_s3: bool, expected: str) -> None:
    assert plugin.rewrite(url, STUDIO, is_s3=is_s3) == STUDIO + expected


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000/bucket/key",
        "https://minio.example.com/bucket",
        "https://amazonaws.com.evil.example/",
        "https://notamazonaws.com/",
    ],
)
def test_other_hosts_are_left_alone(url: str) -> None:
    assert plugin.rewrite(url, STUDIO, is_s3=True) == url


def test_a_base_path_is_kept() -> None:
    base = "http://localhost:8888/user/ann/studio"
    rewritten = plugin.rewrite("https://sts.amazonaws.com/", base)
    assert rewritten == "http://localhost:8888/user/ann/studio/"
    virtual = plugin.rewrite("http://b.localhost:8888/user/ann/studio/k", base, is_s3=True)
    assert virtual == "http://localhost:8888/user/ann/studio/b/k"


def sent(client: Any, call: str, **parameters: Any) -> str:
    """URL of the request that a call signs and would send."""
    urls = []

    def capture(request: Any, **_: Any) -> Any:
        assert "Authorization" in request.headers
        urls.append(request.url)
        raise InterruptedError

    client.meta.events.register("before-send", capture)
    with pytest.raises(InterruptedError):
        getattr(client, call)(**parameters)
    return str(urls[0])


def make_client(service: str, **arguments: Any) -> Any:
    return botocore.session.Session().create_client(
        service, "us-east-1", aws_access_key_id="a", aws_secret_access_key="b", **arguments
    )


def test_botocore_loads_the_plugin_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTOCORE_EXPERIMENTAL__PLUGINS", "studio=studio_botocore")
    monkeypatch.syspath_prepend(plugin.__file__.rpartition("/")[0])
    client = make_client("sts", endpoint_url="https://sts.us-east-1.amazonaws.com")
    # The address is read when the call is made, so connecting later works as well.
    monkeypatch.setenv("AWS_ENDPOINT_URL", STUDIO)
    assert sent(client, "get_caller_identity") == f"{STUDIO}/"


def test_a_service_of_its_own_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", STUDIO)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", "http://127.0.0.1:8001")
    client = make_client(
        "sagemaker-runtime", endpoint_url="https://runtime.sagemaker.us-east-1.amazonaws.com"
    )
    plugin.initialize_client_plugin(client)
    url = sent(client, "invoke_endpoint", EndpointName="e", Body=b"")
    assert url == "http://127.0.0.1:8001/endpoints/e/invocations"


def test_without_an_address_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    client = make_client("sts", endpoint_url="https://sts.us-east-1.amazonaws.com")
    plugin.initialize_client_plugin(client)
    assert sent(client, "get_caller_identity") == "https://sts.us-east-1.amazonaws.com/"


def test_releases_of_botocore_without_plugins_are_patched(monkeypatch: pytest.MonkeyPatch) -> None:
    session = botocore.session.Session
    monkeypatch.delenv("BOTOCORE_EXPERIMENTAL__PLUGINS", raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", STUDIO)
    original = session.create_client

    def create_client(self: Any, *args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(session, "_register_client_plugins", lambda *_: None, raising=False)
        client = original(self, *args, **kwargs)
        monkeypatch.delattr(session, "_register_client_plugins")
        return client

    monkeypatch.setattr(session, "create_client", create_client)
    monkeypatch.setattr(session, plugin._MARK, False, raising=False)
    monkeypatch.delattr(session, "_register_client_plugins")
    assert plugin.install()
    assert not plugin.install(), "patched twice"
    client = make_client("sts", endpoint_url="https://sts.us-east-1.amazonaws.com")
    assert sent(client, "get_caller_identity") == f"{STUDIO}/"
