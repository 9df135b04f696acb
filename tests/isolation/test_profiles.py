"""User profiles through the API and the shell: made, listed, used, ended; by the administrator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import boto3
import pytest
from people import AdminApi, Person, person, refusal
from studio_plane import Studio, wait_for

from studio_ext import users


def studio_command(studio: Studio, *words: str) -> tuple[int, str]:
    """Exit status and output of a ``studio`` command in a shell of the administrator's."""
    command = [sys.executable, "-m", "studio_ext.cli", *words, "--home", studio.config.home]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "STUDIO_"))}
    environment = kept | {"STUDIO_DATABASE_URL": studio.config.database_url}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def domain_of(studio: Studio) -> str:
    users.add(AdminApi(studio), "someone") if not names(studio) else None
    (found,) = [
        item["DomainId"]
        for item in studio.sagemaker.list_domains()["Domains"]
        if item["DomainName"] == "default"
    ]
    return str(found)


def names(studio: Studio) -> list[str]:
    return [
        item["UserProfileName"]
        for item in studio.sagemaker.list_user_profiles(MaxResults=100)["UserProfiles"]
    ]


def test_a_profile_from_creation_to_deletion(studio: Studio) -> None:
    domain = domain_of(studio)
    key = {"DomainId": domain, "UserProfileName": "erin"}
    settings = {"ExecutionRole": "arn:aws:iam::000000000000:role/service-role/Mine"}
    made = studio.sagemaker.create_user_profile(**key, UserSettings=settings)
    assert made["UserProfileArn"].endswith(f":user-profile/{domain}/erin")
    described = studio.sagemaker.describe_user_profile(**key)
    assert described["Status"] == "InService"
    assert described["UserSettings"] == settings
    assert described["UserProfileArn"] == made["UserProfileArn"]
    code, text, _ = refusal(studio.sagemaker.create_user_profile, **key)
    assert code == "ResourceInUse" and "erin exists already" in text
    changed = {"ExecutionRole": "arn:aws:iam::000000000000:role/service-role/Other"}
    studio.sagemaker.update_user_profile(**key, UserSettings=changed)
    assert studio.sagemaker.describe_user_profile(**key)["UserSettings"] == changed
    studio.sagemaker.delete_user_profile(**key)
    code, text, _ = refusal(studio.sagemaker.describe_user_profile, **key)
    assert code == "ResourceNotFound" and "no user profile erin" in text
    nowhere = {"DomainId": "d-nothing", "UserProfileName": "x"}
    assert refusal(studio.sagemaker.create_user_profile, **nowhere)[0] == "ResourceNotFound"


def test_what_a_killed_creation_left_is_no_obstacle(studio: Studio) -> None:
    domain = domain_of(studio)
    account = studio.plane.store.accounts.open("default", "frank")  # and no profile yet
    key = {"DomainId": domain, "UserProfileName": "frank"}
    studio.sagemaker.create_user_profile(**key)
    frank = studio.plane.store.credentials.issue("test", user_profile="frank")
    assert frank.account_id == account
    assert refusal(studio.sagemaker.create_user_profile, **key)[0] == "ResourceInUse"
    studio.sagemaker.delete_user_profile(**key)


def test_a_job_of_nobody_fails_with_the_reason(studio: Studio, ana: Person) -> None:
    """Its profile was deleted between its admission and its launch."""
    gina = person(studio, "gina")
    store = studio.plane.store
    script = "import time; time.sleep(600)"
    for number in range(4):  # the cores are taken
        ana.job(f"busy-{number}", script)
    gina.job("late")
    found = store.resources.get("training-job", gina.account, "late")
    assert found is not None
    store.accounts.close(gina.account)
    for number in range(4):
        ana.sagemaker.stop_training_job(TrainingJobName=f"busy-{number}")

    def reason() -> str:
        job = store.resources.by_id(found.id)
        assert job is not None
        return str(job.state.get("failure_reason", ""))

    assert "the user profile default/gina is gone" in wait_for(reason)


def test_lists_by_page_and_filter(studio: Studio) -> None:
    domain = domain_of(studio)
    for number in range(5):
        studio.sagemaker.create_user_profile(DomainId=domain, UserProfileName=f"page-{number}")
    try:
        pages = studio.sagemaker.get_paginator("list_user_profiles").paginate(
            UserProfileNameContains="PAGE",
            SortBy="CreationTime",
            SortOrder="Descending",
            PaginationConfig={"PageSize": 2},
        )
        found = [item["UserProfileName"] for page in pages for item in page["UserProfiles"]]
        assert found == [f"page-{number}" for number in reversed(range(5))]
        assert "default" in names(studio)
    finally:
        for number in range(5):
            studio.sagemaker.delete_user_profile(DomainId=domain, UserProfileName=f"page-{number}")


def test_only_the_administrator_manages(studio: Studio, ana: Person, ben: Person) -> None:
    domain = domain_of(studio)
    bens = {"DomainId": domain, "UserProfileName": "ben"}
    for operation, params in (
        (ana.sagemaker.create_user_profile, {**bens, "UserProfileName": "mallory"}),
        (ana.sagemaker.update_user_profile, bens),
        (ana.sagemaker.delete_user_profile, bens),
        (ana.sagemaker.delete_domain, {"DomainId": domain}),
    ):
        code, _, status = refusal(operation, **params)
        assert (code, status) == ("AccessDeniedException", 403)
    assert names(ana) == ["ana"]
    assert refusal(ana.sagemaker.describe_user_profile, **bens)[0] == "ResourceNotFound"
    for call in (ana.iam.create_access_key, ana.iam.list_access_keys):
        assert refusal(call, UserName="ben")[0] == "NoSuchEntity"
    assert ana.iam.list_access_keys(UserName="ana")["AccessKeyMetadata"]
    assert refusal(studio.sagemaker.delete_domain, DomainId=domain)[0] == "ResourceInUse"
    own = {"DomainId": domain, "UserProfileName": "default"}
    assert "administrator" in refusal(studio.sagemaker.delete_user_profile, **own)[1]


def test_who_runs_something_stays(studio: Studio) -> None:
    carl = person(studio, "carl")
    key = {"DomainId": domain_of(studio), "UserProfileName": "carl"}
    carl.job("busy", "import time; time.sleep(600)")
    code, text, _ = refusal(studio.sagemaker.delete_user_profile, **key)
    assert code == "ResourceInUse" and "carl still runs 1 training job;" in text
    carl.sagemaker.stop_training_job(TrainingJobName="busy")
    carl.ended("busy")
    before = carl.account
    studio.sagemaker.delete_user_profile(**key)
    wait_for(lambda: refused(carl))
    # Whoever is called so next is somebody else, and finds nothing.
    again = person(studio, "carl")
    assert again.account != before
    assert again.sagemaker.list_training_jobs()["TrainingJobSummaries"] == []
    studio.sagemaker.delete_user_profile(**key)


def refused(who: Person) -> bool:
    try:
        who.sts.get_caller_identity()
    except Exception as error:
        return "InvalidClientTokenId" in str(error)
    return False


def test_the_shell(studio: Studio) -> None:
    status, told = studio_command(studio, "user", "add", "dora")
    assert (status, "User profile dora is there" in told) == (0, True), told
    assert studio_command(studio, "user", "add", "dora")[0] == 1
    assert "dora" in studio_command(studio, "user", "list")[1]
    status, told = studio_command(studio, "keys", "create", "--user", "dora")
    made = dict(line.split(" = ") for line in told.splitlines())
    assert status == 0

    def who(**keys: str) -> Any:
        client = boto3.client("sts", endpoint_url=studio.plane.url, region_name="us-east-1", **keys)
        return client.get_caller_identity()

    account = who(**made)["Account"]
    assert account == studio.plane.store.accounts.of("default", "dora")
    assert made["aws_access_key_id"] in studio_command(studio, "keys", "list", "--user", "dora")[1]
    first, again = (studio_command(studio, "env", "--user", "dora") for _ in range(2))
    assert first == again and first[0] == 0
    variables = exported(first[1])
    assert variables["STUDIO_USER_PROFILE"] == "dora"
    keys = {
        "aws_access_key_id": variables["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": variables["AWS_SECRET_ACCESS_KEY"],
    }
    assert who(**keys)["Account"] == account
    revoke = ("keys", "revoke", "--user", "dora", made["aws_access_key_id"])
    assert studio_command(studio, *revoke)[0] == 0
    assert studio_command(studio, *revoke)[0] == 1
    with pytest.raises(Exception, match="InvalidClientTokenId"):
        wait_for(lambda: not who(**made))
    status, told = studio_command(studio, "env", "--user", "nobody")
    assert status == 1 and "studio user add" in told
    assert studio_command(studio, "user", "remove", "dora")[0] == 0
    assert "dora" not in names(studio)
    assert json.loads((studio.config.path / "users" / "dora.json").read_text())
    with pytest.raises(Exception, match="InvalidClientTokenId"):
        wait_for(lambda: not who(**keys))


def exported(text: str) -> dict[str, str]:
    lines = [line.removeprefix("export ") for line in text.splitlines() if "export " in line]
    return {name: value.strip("'") for name, _, value in (line.partition("=") for line in lines)}
