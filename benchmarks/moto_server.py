"""moto's server with training jobs in it already; run by the Python of moto's environment.

``python moto_server.py PORT JOBS``: the jobs are put into moto's memory directly, since creating
100,000 of them by its API would take longer than what is measured.
"""

from __future__ import annotations

import sys
from datetime import timedelta


def _seed(count: int) -> None:
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.core.utils import utcnow
    from moto.sagemaker.models import FakeTrainingJob, sagemaker_backends

    backend = sagemaker_backends[DEFAULT_ACCOUNT_ID]["us-east-1"]
    image = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
    began = utcnow() - timedelta(seconds=count)
    for number in range(count):
        name = f"{('fraud', 'search', 'pricing', 'ads')[number % 4]}-model-{number:07d}"
        job = FakeTrainingJob(
            account_id=DEFAULT_ACCOUNT_ID,
            region_name="us-east-1",
            training_job_name=name,
            hyper_parameters={"max_depth": str(number % 10), "eta": str(number % 50 / 100)},
            algorithm_specification={"TrainingImage": image, "TrainingInputMode": "File"},
            role_arn="arn:aws:iam::123456789012:role/r",
            input_data_config=[],
            output_data_config={"S3OutputPath": "s3://bucket/out"},
            resource_config={
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 30,
            },
            vpc_config=None,
            stopping_condition={"MaxRuntimeInSeconds": 86400},
            tags=[{"Key": "team", "Value": name.partition("-")[0]}],
            enable_network_isolation=False,
            enable_inter_container_traffic_encryption=False,
            enable_managed_spot_training=False,
            checkpoint_config=None,
            debug_hook_config=None,
            debug_rule_configurations=None,
            tensor_board_output_config=None,
            experiment_config=None,
        )
        job.creation_time = job.last_modified_time = began + timedelta(seconds=number)
        backend.training_jobs[name] = job


if __name__ == "__main__":
    from moto.server import main

    _seed(int(sys.argv[2]))
    main(["-H", "127.0.0.1", "-p", sys.argv[1]])
