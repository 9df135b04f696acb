"""Two user profiles of one Studio, each with clients of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from studio_plane import SKLEARN, Studio, archive, wait_for

from studio_ext import users
from studio_ext.notebook.jobs import Api
from studio_ext.store.credentials import Credential
from studio_ext.wire.dispatch import Caller

MODEL = """
import json, os
def model_fn(model_dir):
    return open(os.path.join(model_dir, "name")).read()
def transform_fn(model, body, content_type, accept):
    home = json.loads(body or b"{}").get("home")
    seen = sorted(os.listdir(home)) if home else []
    answer = {"model": model, "environ": dict(os.environ), "seen": seen}
    return json.dumps(answer), "application/json"
"""


class AdminApi(Api):
    """What the administrator's shell has."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    def client(self, service: str) -> Any:
        return self._studio.client(service)


@dataclass
class Person(Studio):
    """A user profile: what :class:`Studio` does, as that user and in its account."""

    name: str = ""
    key: Credential | None = None

    @property
    def account(self) -> str:
        assert self.key is not None
        return self.key.account_id

    @property
    def role(self) -> str:
        assert self.key is not None
        return self.key.role_arn

    @property
    def caller(self) -> Caller:
        assert self.key is not None
        return Caller.of(self.key)

    @property
    def bucket(self) -> str:
        return self.config.bucket_of(self.account)

    def client(self, service: str, credential: Credential | None = None, url: str = "") -> Any:
        return super().client(service, credential or self.key, url)

    def job(self, name: str, script: str = "pass", /, **changes: Any) -> dict[str, Any]:
        return super().job(name, script, **{"RoleArn": self.role, **changes})

    def job_id(self, job: str) -> str:
        found = self.plane.store.resources.get("training-job", self.account, job)
        assert found is not None
        return f"training-{found.id}"

    def process(self, name: str) -> None:
        """A processing job that has ended."""
        self.sagemaker.create_processing_job(
            ProcessingJobName=name,
            RoleArn=self.role,
            AppSpecification={"ImageUri": SKLEARN, "ContainerEntrypoint": ["true"]},
            ProcessingResources={
                "ClusterConfig": {
                    "InstanceType": "ml.m5.large",
                    "InstanceCount": 1,
                    "VolumeSizeInGB": 1,
                }
            },
        )
        described = self.sagemaker.describe_processing_job
        wait_for(
            lambda: described(ProcessingJobName=name)["ProcessingJobStatus"] == "Completed",
            why=lambda: described(ProcessingJobName=name),
        )

    def arn(self, kind: str, name: str) -> str:
        return self.config.arn(f"{kind}/{name}", self.account)

    def model(self, name: str, **container: Any) -> str:
        uri = self.put(f"models/{name}.tar.gz", archive({"name": name, "code/inference.py": MODEL}))
        self.sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=self.role,
            PrimaryContainer={
                "Image": SKLEARN,
                "ModelDataUrl": uri,
                "Environment": {"SAGEMAKER_PROGRAM": "inference.py"},
                **container,
            },
        )
        return uri

    def endpoint_config(self, name: str, model: str) -> None:
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {
                    "VariantName": "A",
                    "ModelName": model,
                    "InstanceType": "ml.m5.large",
                    "InitialInstanceCount": 1,
                }
            ],
        )

    def deploy(self, name: str) -> None:
        """A model, a configuration and an endpoint of one name, in service."""
        self.model(name)
        self.endpoint_config(name, name)
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        self.serving(name)

    def retire(self, name: str) -> None:
        """Delete what :meth:`deploy` made."""
        self.sagemaker.delete_endpoint(EndpointName=name)
        self.sagemaker.delete_endpoint_config(EndpointConfigName=name)
        self.sagemaker.delete_model(ModelName=name)


def person(studio: Studio, name: str) -> Person:
    """A new user profile, made as the administrator makes one, with its default bucket."""
    users.add(AdminApi(studio), name)
    key = studio.plane.store.credentials.issue("test", user_profile=name)
    made = Person(studio.plane, name=name, key=key)
    made.s3.create_bucket(Bucket=made.bucket)
    return made


def refusal(do: Callable[..., Any], **params: Any) -> tuple[str, str, int]:
    """(code, message, HTTP status) of a call that is refused."""
    try:
        answer = do(**params)
    except ClientError as error:
        told = error.response
        status = told["ResponseMetadata"]["HTTPStatusCode"]
        return told["Error"]["Code"], told["Error"].get("Message", ""), status
    raise AssertionError(f"it was answered: {answer}")


def denied(do: Callable[..., Any], **params: Any) -> bool:
    """Whether S3 answers that access is denied."""
    code, _, status = refusal(do, **params)
    return status == 403 and code in ("AccessDenied", "403")
