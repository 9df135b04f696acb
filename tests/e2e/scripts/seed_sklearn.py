"""A domain, a scikit-learn script trained, deployed and asked: as an introduction shows it."""

import io
import json

import boto3
import numpy as np
import pandas as pd

values = np.random.default_rng(0).normal(size=(300, 4))
table = pd.DataFrame(values, columns=["a", "b", "c", "d"])
table["target"] = (values[:, 0] + values[:, 1] > 0).astype(int)
text = io.StringIO()
table.to_csv(text, index=False)
s3 = boto3.client("s3")
s3.create_bucket(Bucket="my-bucket")
s3.put_object(Bucket="my-bucket", Key="train-data/train.csv", Body=text.getvalue())

# Step 1
sagemaker_client = boto3.client("sagemaker")

# Create SageMaker Studio domain (one-time setup)
response = sagemaker_client.create_domain(
    DomainName="my-studio-domain",
    AuthMode="IAM",
    DefaultUserSettings={"ExecutionRole": "arn:aws:iam::123456789012:role/SageMakerRole"},
    SubnetIds=["subnet-12345"],
    VpcId="vpc-12345",
)

# Step 2
from sagemaker.sklearn import SKLearn  # noqa: E402

sklearn_estimator = SKLearn(
    entry_point="train.py",
    role="arn:aws:iam::123456789012:role/SageMakerRole",
    instance_type="ml.m5.xlarge",
    instance_count=1,
    framework_version="1.2-1",
    hyperparameters={"n-estimators": 200, "max-depth": 15},
)

# Start training
sklearn_estimator.fit({"train": "s3://my-bucket/train-data/"})

# Step 3
# Deploy to real-time endpoint
predictor = sklearn_estimator.deploy(
    initial_instance_count=1, instance_type="ml.m5.large", endpoint_name="my-sklearn-endpoint"
)

# Make predictions
predictions = predictor.predict(np.array([[1.0, 2.0, 3.0, 4.0]]))
print(predictions)

many = predictor.predict(values)
accuracy = float((many == table["target"]).mean())
predictor.delete_model()
predictor.delete_endpoint()
print(
    json.dumps(
        {
            "domain": response["DomainArn"],
            "job": sklearn_estimator.latest_training_job.name,
            "predictions": predictions.tolist(),
            "accuracy": accuracy,
        }
    )
)
