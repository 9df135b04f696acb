"""A profile of every column, as JSON."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from studio_ext.wrangler import Flow
from studio_ext.wrangler.insights.profile import profiled

SOURCE, TARGET = sys.argv[1:]

flow = Flow.new()
place = {"s3Uri": SOURCE, "s3ContentType": "parquet"}
source = flow.document.add(
    "sagemaker.s3_source_0.1",
    {"dataset_definition": {"datasetSourceType": "S3", "s3ExecutionContext": place}},
    type="SOURCE",
)
columns = profiled(flow.run().relation(source))
Path(TARGET).write_text(json.dumps([asdict(each) for each in columns], default=str))
