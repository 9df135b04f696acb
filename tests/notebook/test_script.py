"""A cell as a training script."""

from __future__ import annotations

import io
import json
import tarfile

import botocore.session
import pytest
from botocore.validate import ParamValidator

from studio_ext.notebook.script import IMAGES, ScriptJob, image_uri, unique_name


def make_job(**changes: object) -> ScriptJob:
    arguments: dict[str, object] = {
        "source": "print('trained')\n",
        "name": "forest",
        "image": "sklearn",
        "channels": {"train": "s3://b/train/", "validation": "s3://b/v.csv"},
        "role_arn": "arn:aws:iam::000000000000:role/StudioExecutionRole",
    }
    return ScriptJob(**(arguments | changes))  # type: ignore[arg-type]


def test_the_archive_holds_script_and_requirements() -> None:
    packed = make_job(requirements=["rich", "tqdm>=4"]).archive()
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        texts = {entry.name: tar.extractfile(entry).read().decode() for entry in tar}  # type: ignore[union-attr]
    assert texts == {"train.py": "print('trained')\n", "requirements.txt": "rich\ntqdm>=4\n"}


def test_the_request_is_valid_and_names_the_script() -> None:
    request = make_job(
        hyperparameters={"n-estimators": "50", "criterion": "gini", "flag": "true"},
        metrics={"acc": "acc=([0-9.]+)"},
    ).request("bucket")
    model = botocore.session.get_session().get_service_model("sagemaker")
    shape = model.operation_model("CreateTrainingJob").input_shape
    assert not ParamValidator().validate(request, shape).has_errors()
    hyperparameters = {k: json.loads(v) for k, v in request["HyperParameters"].items()}
    assert hyperparameters == {
        "n-estimators": 50,
        "criterion": "gini",
        "flag": True,
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": "s3://bucket/forest/source/sourcedir.tar.gz",
    }
    train, validation = request["InputDataConfig"]
    assert "ContentType" not in train
    assert validation["ContentType"] == "text/csv"


def test_images_by_short_name_or_uri() -> None:
    assert image_uri("xgboost") == IMAGES["xgboost"]
    assert image_uri("registry/own:1") == "registry/own:1"
    with pytest.raises(ValueError, match="sklearn, xgboost, pytorch"):
        image_uri("sklern")


def test_a_channel_must_be_on_s3() -> None:
    with pytest.raises(ValueError, match=r"'train'.*s3://"):
        make_job(channels={"train": "data/train.csv"}).request("bucket")


def test_unique_names_are_valid_job_names() -> None:
    names = {unique_name(base) for base in ("forest", "", "my_forest v2", "x" * 80)}
    assert len(names) == 4
    for name in names:
        assert len(name) <= 63
        assert name.replace("-", "").isalnum()
        assert not name.startswith("-")
