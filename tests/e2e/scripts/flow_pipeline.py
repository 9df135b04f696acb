"""A flow and XGBoost as one endpoint: what Data Wrangler's inference notebook does with the SDK."""

import io
import json
import random
import tarfile
import uuid

import boto3
import sagemaker
from sagemaker import image_uris
from sagemaker.model import Model
from sagemaker.pipeline import PipelineModel
from sagemaker.predictor import Predictor
from sagemaker.serializers import CSVSerializer

session = sagemaker.Session()
bucket, region = session.default_bucket(), session.boto_region_name
role = sagemaker.get_execution_role()
s3 = boto3.client("s3")


def node(kind, operator, parameters, *inputs, **more):
    return {
        "node_id": str(uuid.uuid4()),
        "type": kind,
        "operator": operator,
        "parameters": parameters,
        "inputs": [
            {"name": "df", "node_id": each["node_id"], "output_name": "default"} for each in inputs
        ],
        "outputs": [{"name": "default"}],
        **more,
    }


place = {"s3Uri": f"s3://{bucket}/people.csv", "s3ContentType": "csv", "s3HasHeader": True}
definition = {"datasetSourceType": "S3", "name": "people.csv", "s3ExecutionContext": place}
source = node("SOURCE", "sagemaker.s3_source_0.1", {"dataset_definition": definition})
schema = {"bought": "long", "age": "float", "job": "string", "calls": "long"}
types = node(
    "TRANSFORM",
    "sagemaker.spark.infer_and_cast_type_0.1",
    {},
    source,
    trained_parameters={"schema": schema},
)
drop = node(
    "TRANSFORM",
    "sagemaker.spark.manage_columns_0.1",
    {"operator": "Drop column", "drop_column_parameters": {"column_to_drop": "job"}},
    types,
)
flow = json.dumps({"metadata": {"version": 1}, "nodes": [source, types, drop]}).encode()
buffer = io.BytesIO()
with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
    member = tarfile.TarInfo("people.flow")
    member.size = len(flow)
    tar.addfile(member, io.BytesIO(flow))
s3.put_object(Bucket=bucket, Key="pipeline/flow.tar.gz", Body=buffer.getvalue())

chance = random.Random(7)
rows = [(chance.randint(18, 80), chance.randint(1, 9)) for _ in range(400)]
table = "".join(f"{int(age > 50)},{age},{calls}\n" for age, calls in rows)
s3.put_object(Bucket=bucket, Key="pipeline/train/train.csv", Body=table.encode())
xgboost = sagemaker.estimator.Estimator(
    image_uris.retrieve("xgboost", region, "1.7-1"),
    role,
    instance_count=1,
    instance_type="ml.m5.large",
    sagemaker_session=session,
)
xgboost.set_hyperparameters(objective="binary:logistic", num_round=20)
channel = sagemaker.inputs.TrainingInput(f"s3://{bucket}/pipeline/train", content_type="csv")
xgboost.fit({"train": channel}, logs=False)

prepare = Model(
    image_uri=image_uris.retrieve("data-wrangler", region),
    model_data=f"s3://{bucket}/pipeline/flow.tar.gz",
    role=role,
    env={"INFERENCE_TARGET_COLUMN_NAME": "bought"},
    sagemaker_session=session,
)
pipeline = PipelineModel(
    models=[prepare, xgboost.create_model()],
    role=role,
    predictor_cls=Predictor,
    sagemaker_session=session,
)
predictor = pipeline.deploy(initial_instance_count=1, instance_type="ml.m5.large")
predictor.serializer = CSVSerializer()
records = ["71,tech,3", "22,,5", "64,admin,1"]
one = [float(predictor.predict(record)) for record in records]
together = predictor.predict("\n".join(records)).decode()
containers = boto3.client("sagemaker").describe_model(ModelName=pipeline.name)["Containers"]
predictor.delete_endpoint()
print(
    json.dumps(
        {
            "one": one,
            "together": [float(each) for each in together.replace("\n", ",").strip(",").split(",")],
            "images": [each["Image"] for each in containers],
        }
    )
)
