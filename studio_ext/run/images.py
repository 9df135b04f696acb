"""Image URIs: which framework and version one names, and what runs it here.

SageMaker names an environment by a container image. Studio runs no containers: the repository's
name picks a Python environment, and the version in the tag is taken as a wish.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from dataclasses import dataclass, field
from functools import lru_cache

SCRIPT, ALGORITHM, CONTAINER = "script", "algorithm", "container"
PROCESSING = "processing"
_URI = re.compile(
    r"^(?:(?P<registry>[^/]+[.:][^/]+|localhost)/)?(?P<repository>[\w./-]+)"
    r"(?::(?P<tag>[\w.-]+))?(?:@(?P<digest>sha256:[0-9a-f]+))?$"
)
_VERSION = re.compile(r"^v?(\d+(?:\.\d+)*)")
_PYTHON = re.compile(r"(?:^|-)(py\d+)")


class ImageError(Exception):
    """An image that cannot be run here; the text says what would help."""


@dataclass(frozen=True)
class Image:
    """What an image URI names.

    ``kind``: "script" runs the user's entry point, "algorithm" a built-in one (as does a script
    image with ``algorithm`` when no entry point is given), "processing" the ``program`` of a
    processing job (one that ``serves`` holds a model server too), which does what the input at the
    folder ``reads`` says, "container" is an image we do not know. ``modules`` must be importable;
    ``extra`` is the installation extra that has them.
    """

    uri: str
    repository: str
    framework: str
    kind: str
    version: str | None = None
    python: str | None = None
    accelerator: str = "cpu"
    algorithm: str | None = None
    program: str | None = None
    reads: str = ""
    serves: bool = False
    modules: tuple[str, ...] = ()
    extra: str | None = None
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Entry:
    framework: str
    kind: str = SCRIPT
    modules: tuple[str, ...] = ()
    extra: str | None = None
    algorithm: str | None = None
    training_module: str | None = None
    program: str | None = None
    reads: str = ""
    serves: bool = False


_SKLEARN = _Entry(
    "sklearn",
    modules=("sklearn",),
    training_module="sagemaker_sklearn_container.training:main",
)
_XGBOOST = _Entry(
    "xgboost",
    modules=("xgboost",),
    algorithm="xgboost",
    training_module="sagemaker_xgboost_container.training:main",
)
_TORCH = _Entry(
    "pytorch",
    modules=("torch",),
    extra="torch",
    training_module="sagemaker_pytorch_container.training:main",
)
_TENSORFLOW = _Entry("tensorflow", modules=("tensorflow",))
_HF_TORCH = _Entry("huggingface", modules=("torch", "transformers"), extra="torch")
_HF_TF = _Entry("huggingface", modules=("tensorflow", "transformers"))
_MXNET = _Entry("mxnet", modules=("mxnet",))

_TABLE: dict[str, _Entry] = {
    "sagemaker-scikit-learn": _SKLEARN,
    "sagemaker-xgboost": _XGBOOST,
    "xgboost": _Entry("xgboost", ALGORITHM, ("xgboost",), algorithm="xgboost"),
    "sagemaker-base-python": _Entry("python"),
    "sagemaker-data-wrangler-container": _Entry(
        "data-wrangler",
        PROCESSING,
        ("duckdb", "pyarrow"),
        program="studio_ext.wrangler.job",
        reads="/opt/ml/processing/flow",
        serves=True,
    ),
    **{f"pytorch-{use}": _TORCH for use in ("training", "inference", "inference-graviton")},
    "sagemaker-pytorch": _TORCH,
    **{f"tensorflow-{use}": _TENSORFLOW for use in ("training", "inference")},
    "sagemaker-tensorflow-scriptmode": _TENSORFLOW,
    **{f"mxnet-{use}": _MXNET for use in ("training", "inference")},
    **{f"huggingface-pytorch-{use}": _HF_TORCH for use in ("training", "inference")},
    **{f"huggingface-tensorflow-{use}": _HF_TF for use in ("training", "inference")},
}
_ALGORITHMS = [
    "blazingtext",
    "factorization-machines",
    "forecasting-deepar",
    "image-classification",
    "ipinsights",
    "kmeans",
    "knn",
    "lda",
    "linear-learner",
    "ntm",
    "object-detection",
    "object2vec",
    "pca",
    "randomcutforest",
    "semantic-segmentation",
    "seq2seq",
    "autogluon-training",
    "autogluon-inference",
]
_TABLE.update({name: _Entry(name, ALGORITHM, algorithm=name) for name in _ALGORITHMS})
BUILT = frozenset({"xgboost"})


@lru_cache(maxsize=256)
def resolve(uri: str) -> Image:
    """Read an image URI; ImageError when it is not one."""
    match = _URI.match(uri)
    if match is None:
        raise ImageError(f"{uri!r} is not an image URI")
    repository = match["repository"]
    tag = match["tag"] or ""
    entry = _TABLE.get(repository.rsplit("/", 1)[-1])
    if entry is None:
        return Image(uri, repository, repository, CONTAINER)
    version = _VERSION.match(tag)
    python = _PYTHON.search(tag)
    module = entry.training_module
    return Image(
        uri=uri,
        repository=repository,
        framework=entry.framework,
        kind=entry.kind,
        version=version[1] if version else None,
        python=python[1] if python else None,
        accelerator="gpu" if re.search(r"(^|-)(gpu|cu\d+)", tag) else "cpu",
        algorithm=entry.algorithm,
        program=entry.program,
        reads=entry.reads,
        serves=entry.serves,
        modules=entry.modules,
        extra=entry.extra,
        environment={"SAGEMAKER_TRAINING_MODULE": module} if module else {},
    )


def check(
    image: Image, python: str = sys.executable, *, processing: bool = False, serving: bool = False
) -> None:
    """Raise ImageError, saying what to do, unless ``python`` can run the image.

    ``processing``: in a processing job, which alone has a place for some images; ``serving``: as
    a model server.
    """
    if image.kind == PROCESSING and not (processing or (serving and image.serves)):
        raise ImageError(
            f"the image {image.repository} is for processing jobs: use CreateProcessingJob"
        )
    if image.kind == CONTAINER:
        raise ImageError(
            f"the image {image.uri} is none that Studio has an environment for, and no container "
            "engine is set up to run it. Use a framework image, such as sagemaker-scikit-learn, "
            "sagemaker-xgboost or pytorch-training."
        )
    if image.kind == ALGORITHM and image.algorithm not in BUILT:
        raise ImageError(f"the built-in algorithm {image.algorithm} is not built into Studio yet")
    missing = missing_modules(image.modules, python)
    if not missing:
        return
    if image.extra:
        command = f'pip install "studio-ext[{image.extra}]"'
        if missing != ["torch"] and image.extra == "torch":
            command += " " + " ".join(name for name in missing if name != "torch")
    else:
        command = "pip install " + " ".join(_package(name) for name in missing)
    raise ImageError(
        f"the image {image.repository} needs {', '.join(missing)}, not installed for {python}. "
        f"Install it there: {command}"
    )


def missing_modules(modules: tuple[str, ...], python: str = sys.executable) -> list[str]:
    """Which of some top-level modules an interpreter does not have; none is imported."""
    if python == sys.executable:
        return [name for name in modules if name not in _FOUND and not _is_found(name)]
    code = (
        "import importlib.util, sys\n"
        "print(*[name for name in sys.argv[1:] if importlib.util.find_spec(name) is None])"
    )
    try:
        found = subprocess.run(
            [python, "-E", "-c", code, *modules], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise ImageError(f"the interpreter {python} does not work: {error}") from error
    return found.stdout.split()


#: Modules of this interpreter that were found: looking for them again costs each job 0.1 ms.
_FOUND: set[str] = set()


def _is_found(module: str) -> bool:
    if importlib.util.find_spec(module) is None:
        return False
    _FOUND.add(module)
    return True


def _package(module: str) -> str:
    return {"sklearn": "scikit-learn", "xgboost": "xgboost-cpu"}.get(module, module)
