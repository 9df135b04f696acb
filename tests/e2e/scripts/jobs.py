"""Jobs seen from the SDK: started and left, found again, stopped, failed, refused."""

import contextlib
import io
import json

import sagemaker
from botocore.exceptions import ClientError
from sagemaker.estimator import Estimator
from sagemaker.exceptions import UnexpectedStatusException
from sagemaker.sklearn import SKLearn

sess = sagemaker.Session()
role = sagemaker.get_execution_role()
found = {}


def estimator(**hyperparameters):
    return SKLearn(
        entry_point="train_failing.py",
        role=role,
        instance_type="ml.m5.large",
        framework_version="1.2-1",
        hyperparameters=hyperparameters,
        base_job_name="seen",
    )


long = estimator(column="long", seconds=600)
long.fit(wait=False)
name = long.latest_training_job.name
found["long"] = name
found["listed"] = [
    job["TrainingJobName"]
    for job in sess.sagemaker_client.list_training_jobs(NameContains="seen")["TrainingJobSummaries"]
]
attached_before = sess.describe_training_job(name)["TrainingJobStatus"]
sess.stop_training_job(name)
found["while"] = attached_before
found["waited"] = sess.wait_for_job(name, poll=1)["TrainingJobStatus"]
found["secondary"] = sess.describe_training_job(name)["SecondaryStatus"]

failing = estimator(column="duration")
output = io.StringIO()
try:
    with contextlib.redirect_stdout(output):
        failing.fit(logs="All")
except UnexpectedStatusException as error:
    found["failed"] = {"text": str(error), "status": error.actual_status}
found["failed_job"] = failing.latest_training_job.name
found["fit_output"] = output.getvalue()

output = io.StringIO()
with contextlib.redirect_stdout(output):
    sess.logs_for_job(failing.latest_training_job.name, wait=False)
found["logs"] = output.getvalue()

try:
    Estimator(
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/none-of-ours:1",
        role,
        instance_count=1,
        instance_type="ml.m5.large",
    ).fit(wait=False)
except ClientError as error:
    found["refused"] = error.response["Error"]

attached = Estimator.attach(name)
found["attached"] = attached.latest_training_job.name
print(json.dumps(found))
