"""No route without authentication: every way in, as the code lists them.

The Jupyter server's routes are in tests/test_app.py, from its own list of handlers.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import httpx
import pytest
from botocore import UNSIGNED
from botocore.config import Config as ClientConfig
from jupyter_process import Jupyter
from people import Person, person
from studio_plane import Studio, clean_up, new_home, open_studio

import studio_ext
from studio_ext.hosting.gateway import client as gateway
from studio_ext.hosting.gateway.app import Gateway
from studio_ext.wire import models

sys.path.insert(0, str(Path(__file__).parents[1] / "fuzz"))

import random

from fuzz_values import Values

#: What answers without authentication, and the reason.
OPEN = {"/ping": "tells that the gateway lives, and nothing else"}
#: Files that look at the path of a request: a new one has routes of its own, to be tried here.
LOOK_AT_PATHS = {
    "hosting/gateway/app.py",  # Gateway.PAGES and invocations
    "hosting/gateway/journal.py",  # writes it into the log
    "metering.py",  # /metrics
    "wire/routing.py",  # operations of the registry
    "wire/server.py",
    "wire/request.py",
}
WRONG = {
    "none": {},
    "token": {"authorization": "Bearer x", "x-studio-token": "x"},
    "signature": {
        "authorization": "AWS4-HMAC-SHA256 Credential=AKIAX/20260101/us-east-1/s3/aws4_request, "
        "SignedHeaders=host, Signature=00"
    },
}


def unsigned(studio: Studio, service: str) -> Any:
    session = botocore.session.get_session()
    session.get_component("data_loader").search_paths.append(str(models.DATA))
    config = ClientConfig(
        signature_version=UNSIGNED,
        retries={"total_max_attempts": 1},
        parameter_validation=False,
        s3={"addressing_style": "path"},
    )
    return session.create_client(
        service, endpoint_url=studio.plane.url, region_name="us-east-1", config=config
    )


def test_every_operation_needs_a_signature(studio: Studio) -> None:
    registry = studio.plane.dispatcher.registry
    tried = 0
    for service in registry.services():
        client = unsigned(studio, service)
        codes = set()
        client.meta.events.register(
            "after-call", lambda http_response, into=codes, **_: into.add(http_response.status_code)
        )
        methods = {name: method for method, name in client.meta.method_to_api_mapping.items()}
        for name in registry.operations(service):
            shape = models.service_model(service).operation_model(name).input_shape
            values = Values(random.Random(0), {"Bucket": [studio.bucket], "Key": ["k"]})
            values.known_chance = 1.0
            needed = shape.required_members if shape else ()
            params = {member: values.value(shape.members[member], member, 9) for member in needed}
            codes.clear()
            with pytest.raises(client.exceptions.ClientError):
                getattr(client, methods[name])(**params)
            assert codes == {403}, (service, name)
            tried += 1
    assert tried >= 60


@pytest.mark.parametrize("headers", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("path", ["/", "/metrics", "/bucket", "/bucket/key", "/-/routes", "/ping"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "HEAD"])
def test_the_api_answers_nobody(
    studio: Studio, method: str, path: str, headers: dict[str, str]
) -> None:
    answer = httpx.request(method, f"{studio.plane.url}{path}", headers=headers)
    assert answer.status_code in (400, 401, 403), answer.text
    assert studio.bucket not in answer.text and studio.config.home not in answer.text


@pytest.mark.parametrize("headers", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("path", [*Gateway.PAGES, "/endpoints/e/invocations", "/else"])
def test_the_gateway_answers_nobody(studio: Studio, path: str, headers: dict[str, str]) -> None:
    info = gateway.info(studio.config)
    assert info is not None
    for method in ("GET", "POST"):
        url = f"http://127.0.0.1:{info.port}{path}"
        answer = httpx.request(method, url, headers=headers)
        if path in OPEN:
            assert answer.text == "pong\n"
        elif path == "/else":
            assert answer.status_code == 404
        else:
            assert answer.status_code in (400, 401, 403, 405), answer.text


def test_a_user_profile_is_no_administrator(studio: Studio, ana: Person) -> None:
    info = gateway.info(studio.config)
    assert info is not None
    for url in (studio.plane.url, f"http://127.0.0.1:{info.port}"):
        statuses = [signed_get(who, f"{url}/metrics") for who in (studio, ana)]
        assert statuses == [200, 403], url


def signed_get(who: Studio, url: str) -> int:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    key = who.key if isinstance(who, Person) else who.plane.credential
    assert key is not None
    request = AWSRequest("GET", url)
    SigV4Auth(
        Credentials(key.access_key_id, key.secret_access_key), "studio", "us-east-1"
    ).add_auth(request)
    return httpx.get(url, headers=dict(request.headers.items())).status_code


def test_nothing_else_looks_at_paths() -> None:
    """A new route is written where these files say: then it is among those tried above."""
    root = Path(studio_ext.__file__).parent
    looking = re.compile(r'scope\["path"\]|request\.(path|target)|\braw_path\b|web\.Application')
    files = root.rglob("*.py")
    found = {str(file.relative_to(root)) for file in files if looking.search(file.read_text())}
    assert found <= LOOK_AT_PATHS, "if it has routes of its own, try them in this file"


# --- a Lab that is somebody's


@pytest.fixture(scope="module")
def bens_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Jupyter, str, str]]:
    """(a Jupyter server whose panels are ben's, the account of ben, that of the administrator)."""
    home = new_home()
    studio = open_studio(home)
    studio.put("admins.txt", b"not for ben")
    ben = person(studio, "ben")
    ben.put("bens.txt", b"for ben")
    accounts = ben.account, studio.config.account_id
    studio.plane.stop()
    folder = tmp_path_factory.mktemp("lab")
    with Jupyter(folder, home, environment={"STUDIO_USER_PROFILE": "ben"}) as server:
        yield server, *accounts
    clean_up(home)


def test_panels_are_the_labs_own_profile(bens_lab: tuple[Jupyter, str, str]) -> None:
    server, ben, admin = bens_lab
    home = server.call("Studio.GetHome")
    assert home["DefaultBucket"] == f"sagemaker-us-east-1-{ben}"
    assert home["Role"] == f"arn:aws:iam::{ben}:role/StudioExecutionRole"
    refused = server.operation("SageMaker.CreateUserProfile", DomainId="d-x", UserProfileName="x")
    assert refused.status_code == 403

    def get(bucket: str, key: str) -> Any:
        uri = f"s3://sagemaker-us-east-1-{bucket}/{key}"
        return server.request("GET", f"studio/object?uri={uri}")

    assert get(ben, "bens.txt").content == b"for ben"
    denied = get(admin, "admins.txt")
    assert (denied.status_code, b"not for ben" in denied.content) == (403, False)
