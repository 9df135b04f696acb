"""Built-in XGBoost with a validation channel, early stopping, metrics, and an endpoint."""

import json

import numpy as np
import pandas as pd
import sagemaker
from sagemaker import image_uris
from sagemaker.analytics import TrainingJobAnalytics
from sagemaker.deserializers import CSVDeserializer
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.serializers import CSVSerializer

ROUNDS = 400
sess = sagemaker.Session()
bank = pd.get_dummies(pd.read_csv("data/bank-additional.csv", sep=";"), dtype=int)
table = bank.drop(columns=["y_no", "y_yes"])
table.insert(0, "y_yes", bank["y_yes"])
table = table.sample(frac=1, random_state=7)
parts = {"train": table[:2800], "validation": table[2800:]}
channels = {}
for name, part in parts.items():
    part.to_csv(f"{name}.csv", index=False, header=False)
    uri = sess.upload_data(f"{name}.csv", key_prefix=f"validated/{name}")
    channels[name] = TrainingInput(uri, content_type="text/csv")

estimator = Estimator(
    image_uris.retrieve("xgboost", sess.boto_region_name, version="1.7-1"),
    sagemaker.get_execution_role(),
    instance_count=1,
    instance_type="ml.m5.large",
    output_path=f"s3://{sess.default_bucket()}/validated/output",
    base_job_name="validated",
    hyperparameters={
        "objective": "binary:logistic",
        "eval_metric": "auc",
        "num_round": str(ROUNDS),
        "early_stopping_rounds": "5",
        "max_depth": "4",
        "eta": "0.3",
        "seed": "1",
    },
    tags=[{"Key": "team", "Value": "marketing"}],
)
estimator.fit(channels)
job = estimator.latest_training_job
metrics = TrainingJobAnalytics(job.name).dataframe()
one = TrainingJobAnalytics(job.name, metric_names=["validation:auc"]).dataframe()

predictor = estimator.deploy(
    initial_instance_count=1,
    instance_type="ml.m5.large",
    serializer=CSVSerializer(),
    deserializer=CSVDeserializer(),
)
rows = parts["validation"].drop(columns="y_yes").to_numpy()
answer = predictor.predict(rows)
probability = np.array(answer, dtype=float).ravel()
observed = parts["validation"]["y_yes"].to_numpy()
one_row = predictor.predict(rows[0])
predictor.delete_model()
predictor.delete_endpoint()

higher = probability[observed == 1][:, None] > probability[observed == 0][None, :]
print(
    json.dumps(
        {
            "rounds": ROUNDS,
            "describe": job.describe(),
            "metrics": metrics.to_dict("records"),
            "one": one.to_dict("list"),
            "predictions": len(probability),
            "rows": len(rows),
            "auc": float(higher.mean()),
            "one_row": float(np.array(one_row, dtype=float).ravel()[0]),
            "first": float(probability[0]),
        },
        default=str,
    )
)
