"""Schedules of what starts and stops training jobs."""

from __future__ import annotations

import json
from typing import Any

from studio_plane import Studio

CREATE_JOB = "arn:aws:scheduler:::aws-sdk:sagemaker:createTrainingJob"
STOP_JOB = "arn:aws:scheduler:::aws-sdk:sagemaker:stopTrainingJob"
OFF = {"Mode": "OFF"}


def schedule(studio: Studio, name: str, expression: str = "rate(1 day)", **changes: Any) -> Any:
    """CreateSchedule, of what stops a job unless the target says otherwise."""
    target = {
        "Arn": STOP_JOB,
        "RoleArn": studio.config.role_arn,
        "Input": json.dumps({"TrainingJobName": "none"}),
        **changes.pop("Target", {}),
    }
    request = {
        "Name": name,
        "ScheduleExpression": expression,
        "FlexibleTimeWindow": OFF,
        "Target": target,
        "State": "DISABLED",
        **changes,
    }
    return studio.scheduler.create_schedule(**request)


def training_request(studio: Studio, name: str, script: str, **changes: Any) -> dict[str, Any]:
    """A CreateTrainingJob request whose job has another name at each run."""
    named = {"TrainingJobName": f"{name}-<aws.scheduler.execution-id>"}
    return {**studio.request(name, script, **changes), **named}
