"""The forms of jobs that clients ask for: how their operations, members and objects are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Form:
    """``kept``: keys of what a job stores while it runs, as a prefix of the job's name."""

    name: str
    logs: str
    kept: str

    def operation(self, verb: str) -> str:
        """``StopTrainingJob``."""
        return f"{verb}{self.name}Job"

    def ask(self, sagemaker: Any, verb: str, job: str) -> Any:
        """Describe, Stop or Delete a job."""
        method = getattr(sagemaker, f"{verb.lower()}_{self.name.lower()}_job")
        return method(**{f"{self.name}JobName": job})

    def create(self, sagemaker: Any, request: dict[str, Any]) -> Any:
        """Create a job."""
        return getattr(sagemaker, f"create_{self.name.lower()}_job")(**request)

    def status(self, found: dict[str, Any]) -> str:
        """The status in a job's description."""
        return str(found[f"{self.name}JobStatus"])

    def ended(self, found: dict[str, Any]) -> float:
        """When the job of a description ended; inf if it did not."""
        member = f"{self.name}EndTime"
        return float(found[member].timestamp()) if member in found else float("inf")

    def prefix(self, job: str) -> str:
        """Before the names of the files that a job keeps."""
        return self.kept.format(job)


TRAINING = Form("Training", "/aws/sagemaker/TrainingJobs", "checkpoints/{}/")
PROCESSING = Form("Processing", "/aws/sagemaker/ProcessingJobs", "out/{}/while/")
FORMS = {form.name: form for form in (TRAINING, PROCESSING)}
