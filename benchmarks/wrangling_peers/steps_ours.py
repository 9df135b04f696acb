"""The ten steps as a flow."""

from __future__ import annotations

import sys

from studio_ext.wrangler import Flow
from studio_ext.wrangler.flow import Input

SOURCE, TARGET = sys.argv[1:]
NUMBERS = [f"n{index}" for index in range(8)]

flow = Flow.new()
place = {"s3Uri": SOURCE, "s3ContentType": "parquet"}
source = flow.document.add(
    "sagemaker.s3_source_0.1",
    {"dataset_definition": {"datasetSourceType": "S3", "s3ExecutionContext": place}},
    type="SOURCE",
)
flow.add("handle_missing/impute/numeric", source, input_column=NUMBERS, strategy="Mean")
outliers = "handle_outliers/standard_deviation_numeric_outliers"
flow.add(outliers, input_column=NUMBERS[:4], fix_method="Clip", standard_deviations=3)
flow.add("process_numeric/scale_values/min_max_scaler", input_column=NUMBERS[:4])
flow.add("process_numeric/scale_values/standard_scaler", input_column=NUMBERS[4:], center=True)
flow.add("format_string/lower_case", input_column="note")
edit = "search_and_edit/find_and_replace_substring"
flow.add(edit, input_column="city", pattern=r"\.", replacement="_")
flow.add("custom_formula", output_column="month", formula="month(at)")
flow.add("filter_rows", conditions=[{"column": "i0", "condition": ">", "value": "0"}])
flow.add("encode_categorical/ordinal_encode", input_column="city", output_column="city_code")
last = flow.add("encode_categorical/one_hot_encode", input_column="kind", output_style="Columns")
config = {"output_path": TARGET, "output_content_type": "PARQUET", "compression": "snappy"}
flow.document.add(
    "sagemaker.spark.s3_destination_0.1",
    {"output_config": config},
    [Input(last.id)],
    type="DESTINATION",
)
sys.exit(str(found) if (found := flow.run(write=True).errors) else 0)
