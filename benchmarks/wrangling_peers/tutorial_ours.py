"""The tutorial's preparation of the bank-marketing table as a flow."""

from __future__ import annotations

import sys

from studio_ext.wrangler import Flow
from studio_ext.wrangler.flow import Input

SOURCE, TARGET = sys.argv[1:]
NUMBERS = ["age", "duration", "campaign", "pdays", "previous", "emp.var.rate", "cons.price.idx"]
NUMBERS += ["cons.conf.idx", "euribor3m", "nr.employed"]
TEXTS = ["job", "marital", "education", "default", "housing", "loan", "contact", "month"]
TEXTS += ["day_of_week", "poutcome"]

flow = Flow.new()
place = {"s3Uri": SOURCE, "s3ContentType": "csv", "s3HasHeader": True, "s3FieldDelimiter": ";"}
source = flow.document.add(
    "sagemaker.s3_source_0.1",
    {"dataset_definition": {"datasetSourceType": "S3", "s3ExecutionContext": place}},
    type="SOURCE",
)
flow.add("infer_and_cast_type", source)
outliers = "handle_outliers/standard_deviation_numeric_outliers"
flow.add(outliers, input_column=NUMBERS, fix_method="Remove", standard_deviations=3)
flow.add("process_numeric/scale_values/min_max_scaler", input_column=NUMBERS)
edit = "search_and_edit/find_and_replace_substring"
for name in ("job", "education"):
    flow.add(edit, input_column=name, pattern=r"\.", replacement="_")
flow.add("select_columns/drop_high_vif", input_column=NUMBERS, threshold=1.2)
last = flow.add("encode_categorical/one_hot_encode", input_column=TEXTS, output_style="Columns")
config = {"output_path": TARGET, "output_content_type": "PARQUET", "compression": "snappy"}
flow.document.add(
    "sagemaker.spark.s3_destination_0.1",
    {"output_config": config},
    [Input(last.id)],
    type="DESTINATION",
)
sys.exit(str(found) if (found := flow.run(write=True).errors) else 0)
