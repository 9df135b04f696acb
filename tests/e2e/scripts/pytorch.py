"""PyTorch in script mode: fit, deploy, predict."""

import json

import numpy as np
import sagemaker
from sagemaker.pytorch import PyTorch

sess = sagemaker.Session()
pairs = np.random.default_rng(3).random((256, 2))
np.savetxt("sums.csv", np.column_stack([pairs, pairs.sum(axis=1)]), delimiter=",")
uri = sess.upload_data("sums.csv", key_prefix="torch/train")

estimator = PyTorch(
    entry_point="train_torch.py",
    role=sagemaker.get_execution_role(),
    instance_type="ml.c5.xlarge",
    instance_count=1,
    framework_version="2.1",
    py_version="py310",
    hyperparameters={"epochs": 200, "lr": 0.05},
    metric_definitions=[{"Name": "train:loss", "Regex": r"loss=([0-9.]+);"}],
)
estimator.fit({"training": uri})
description = estimator.latest_training_job.describe()

predictor = estimator.deploy(initial_instance_count=1, instance_type="ml.c5.large")
answer = predictor.predict(np.array([[0.2, 0.5], [0.9, 0.1]], dtype=np.float32))
predictor.delete_model()
predictor.delete_endpoint()
metrics = description["FinalMetricDataList"]
print(
    json.dumps(
        {
            "job": description["TrainingJobName"],
            "loss": {metric["MetricName"]: metric["Value"] for metric in metrics},
            "answer": np.asarray(answer).tolist(),
        }
    )
)
