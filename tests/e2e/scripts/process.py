"""Run by a processing job: doubles a table."""

import argparse
import os
import sys

import pandas as pd

parser = argparse.ArgumentParser()
parser.add_argument("--factor", type=int)
factor = parser.parse_args().factor
table = pd.read_csv("/opt/ml/processing/input/table.csv")
print(f"doubling {len(table)} rows in {os.environ.get('WHO', 'nobody')}'s name", flush=True)
if factor == 0:
    sys.exit("the factor must not be 0")
(table * factor).to_csv("/opt/ml/processing/output/table.csv", index=False)
