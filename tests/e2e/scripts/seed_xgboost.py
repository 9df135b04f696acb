"""The bank-marketing tutorial: built-in XGBoost from a table to a confusion matrix."""

import json

import boto3
import numpy as np
import pandas as pd
import sagemaker
from sagemaker import image_uris

bucket_name, prefix = "tutorial-bucket", "sagemaker/DEMO-xgboost-dm"
boto3.resource("s3").create_bucket(Bucket=bucket_name)
role = sagemaker.get_execution_role()
region = boto3.session.Session().region_name
xgboost_container = image_uris.retrieve("xgboost", region, "latest")

bank = pd.read_csv("data/bank-additional.csv", sep=";").drop(columns="duration")
model_data = pd.get_dummies(bank, dtype=int).sample(frac=1, random_state=1729)
cut = int(0.7 * len(model_data))
train_data, test_data = model_data[:cut], model_data[cut:]
pd.concat([train_data["y_yes"], train_data.drop(["y_no", "y_yes"], axis=1)], axis=1).to_csv(
    "train.csv", index=False, header=False
)
boto3.Session().resource("s3").Bucket(bucket_name).Object(f"{prefix}/train/train.csv").upload_file(
    "train.csv"
)
s3_input_train = sagemaker.inputs.TrainingInput(
    s3_data=f"s3://{bucket_name}/{prefix}/train", content_type="csv"
)

# Use SageMaker estimator
sess = sagemaker.Session()
xgb = sagemaker.estimator.Estimator(
    xgboost_container,
    role,
    instance_count=1,
    instance_type="ml.m4.xlarge",
    output_path="s3://{}/{}/output".format(bucket_name, prefix),  # noqa: UP032
    sagemaker_session=sess,
)
xgb.set_hyperparameters(
    max_depth=5,
    eta=0.2,
    gamma=4,
    min_child_weight=6,
    subsample=0.8,
    silent=0,
    objective="binary:logistic",
    num_round=100,
)
# fit on the training set
xgb.fit({"train": s3_input_train})

xgb_predictor = xgb.deploy(initial_instance_count=1, instance_type="ml.m4.xlarge")

from sagemaker.serializers import CSVSerializer  # noqa: E402

test_data_array = test_data.drop(["y_no", "y_yes"], axis=1).values  # load the data into an array
xgb_predictor.serializer = CSVSerializer()  # set the serializer type
predictions = xgb_predictor.predict(test_data_array).decode("utf-8")  # predict!
predictions_array = np.fromstring(predictions[1:], sep=",")  # and turn the prediction into an array
print(predictions_array.shape)

cm = pd.crosstab(
    index=test_data["y_yes"],
    columns=np.round(predictions_array),
    rownames=["Observed"],
    colnames=["Predicted"],
)
(tn, fp), (fn, tp) = cm.to_numpy().tolist()
rate = (tp + tn) / (tp + tn + fp + fn) * 100
print(f"\n{'Overall Classification Rate: ':<20}{rate:<4.1f}%\n")

xgb_predictor.delete_endpoint(delete_endpoint_config=True)
print(
    json.dumps(
        {
            "image": xgboost_container,
            "rows": len(test_data),
            "predictions": len(predictions_array),
            "rate": rate,
            "matrix": [[tn, fp], [fn, tp]],
            "job": xgb.latest_training_job.name,
            "model_data": xgb.model_data,
        }
    )
)
