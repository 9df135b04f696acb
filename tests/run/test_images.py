"""What image URIs name."""

from __future__ import annotations

import os

import pytest

from studio_ext.run import images

ACCOUNT = "683313688378.dkr.ecr.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        (f"{ACCOUNT}/sagemaker-scikit-learn:1.2-1-cpu-py3",
         ("sklearn", "script", "1.2", "py3", "cpu", None)),
        (f"{ACCOUNT}/sagemaker-xgboost:1.7-1",
         ("xgboost", "script", "1.7", None, "cpu", "xgboost")),
        ("811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:1",
         ("xgboost", "algorithm", "1", None, "cpu", "xgboost")),
        ("763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.3.0-cpu-py311-ubuntu20.04-sagemaker",
         ("pytorch", "script", "2.3.0", "py311", "cpu", None)),
        ("public.ecr.aws/deep-learning-containers/pytorch-training:2.6.0-gpu-py312-cu126-ubuntu22.04-sagemaker",
         ("pytorch", "script", "2.6.0", "py312", "gpu", None)),
        ("763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-training:2.13-cpu-py310",
         ("tensorflow", "script", "2.13", "py310", "cpu", None)),
        ("382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1",
         ("linear-learner", "algorithm", "1", None, "cpu", "linear-learner")),
        ("localhost:5000/my/image@sha256:" + "0" * 64,
         ("my/image", "container", None, None, "cpu", None)),
        ("pytorch-training", ("pytorch", "script", None, None, "cpu", None)),
    ],
)  # fmt: skip
def test_resolve(uri: str, expected: tuple[str | None, ...]) -> None:
    image = images.resolve(uri)
    got = (image.framework, image.kind, image.version, image.python, image.accelerator,
           image.algorithm)  # fmt: skip
    assert got == expected
    assert image.uri == uri


def test_framework_images_name_their_training_module() -> None:
    image = images.resolve("x/sagemaker-scikit-learn:1.2-1")
    assert image.environment == {
        "SAGEMAKER_TRAINING_MODULE": "sagemaker_sklearn_container.training:main"
    }


@pytest.mark.parametrize("uri", ["", "a b", "a:b:c:d"])
def test_not_an_image(uri: str) -> None:
    with pytest.raises(images.ImageError, match="is not an image URI"):
        images.resolve(uri)


def test_what_is_installed_passes() -> None:
    images.check(images.resolve("x/sagemaker-scikit-learn:1.2-1"))


@pytest.mark.parametrize(
    ("repository", "message"),
    [
        ("my-own-image", "no container engine is set up"),
        ("kmeans", "the built-in algorithm kmeans is not built into Studio yet"),
    ],
)
def test_what_cannot_run_says_so(repository: str, message: str) -> None:
    with pytest.raises(images.ImageError, match=message):
        images.check(images.resolve(f"{ACCOUNT}/{repository}:1"))


@pytest.mark.parametrize(
    ("repository", "command"),
    [
        ("pytorch-training", 'Install it there: pip install "studio-ext[torch]"$'),
        ("tensorflow-training", "pip install tensorflow$"),
        ("huggingface-pytorch-training", r'pip install "studio-ext\[torch\]" transformers$'),
        ("sagemaker-xgboost", "pip install xgboost-cpu$"),
    ],
)
def test_missing_frameworks_say_what_to_install(
    repository: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "missing_modules", lambda modules, python: list(modules))
    with pytest.raises(images.ImageError, match=command.replace("[torch]", r"\[torch\]", 1)):
        images.check(images.resolve(f"{ACCOUNT}/{repository}:1"))


@pytest.mark.skipif(not os.path.exists("/usr/bin/python3"), reason="no second interpreter")
def test_another_interpreter_is_asked() -> None:
    assert images.missing_modules(("json", "no_such_module"), "/usr/bin/python3") == [
        "no_such_module"
    ]
    with pytest.raises(images.ImageError, match="does not work"):
        images.missing_modules(("json",), "/no/such/python")
