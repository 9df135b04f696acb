"""All rows in another order: what has to hold, or spill, the whole table."""

from __future__ import annotations

import sys

from studio_ext.wrangler import Flow
from studio_ext.wrangler.flow import Input

SOURCE, TARGET = sys.argv[1:]

flow = Flow.new()
place = {"s3Uri": SOURCE, "s3ContentType": "parquet"}
source = flow.document.add(
    "sagemaker.s3_source_0.1",
    {"dataset_definition": {"datasetSourceType": "S3", "s3ExecutionContext": place}},
    type="SOURCE",
)
last = flow.add("manage_rows/sort", source, sort_by=["n3"])
config = {"output_path": TARGET, "output_content_type": "PARQUET", "compression": "snappy"}
flow.document.add(
    "sagemaker.spark.s3_destination_0.1",
    {"output_config": config},
    [Input(last.id)],
    type="DESTINATION",
)
sys.exit(str(found) if (found := flow.run(write=True).errors) else 0)
