"""A processing job that is followed to its end, as ``run()`` does by itself."""

import contextlib
import io
import json

import pandas as pd
import sagemaker
from sagemaker.processing import ProcessingInput, ProcessingOutput
from sagemaker.sklearn import SKLearnProcessor

session = sagemaker.Session()
pd.DataFrame({"a": [1, 2], "b": [3, 4]}).to_csv("table.csv", index=False)
processor = SKLearnProcessor(
    framework_version="1.2-1",
    role=sagemaker.get_execution_role(),
    instance_type="ml.m5.large",
    instance_count=1,
    env={"WHO": "SKLearn"},
)
printed = io.StringIO()
with contextlib.redirect_stdout(printed):
    processor.run(
        "process.py",
        inputs=[ProcessingInput(source="table.csv", destination="/opt/ml/processing/input")],
        outputs=[ProcessingOutput(output_name="table", source="/opt/ml/processing/output")],
        arguments=["--factor", "2"],
    )
described = processor.latest_job.describe()
uri = processor.latest_job.outputs[0].destination
text = sagemaker.s3.S3Downloader.read_file(f"{uri}/table.csv", session)
print(
    json.dumps(
        {
            "rows": pd.read_csv(io.StringIO(text)).values.tolist(),
            "printed": printed.getvalue(),
            "output": described["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"],
            "job": described["ProcessingJobName"],
        }
    )
)
