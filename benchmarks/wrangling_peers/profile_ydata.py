"""ydata-profiling's minimal report, as a page."""

from __future__ import annotations

import sys

import pandas as pd
from ydata_profiling import ProfileReport

SOURCE, TARGET = sys.argv[1:]

report = ProfileReport(pd.read_parquet(SOURCE), minimal=True, progress_bar=False)
report.to_file(TARGET)
