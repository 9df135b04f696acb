"""Run by a framework processor: the factor is multiplied by what another module says."""

import argparse

import factors
import pandas as pd

parser = argparse.ArgumentParser()
parser.add_argument("--factor", type=int)
factor = parser.parse_args().factor * factors.TEN
table = pd.read_csv("/opt/ml/processing/input/table.csv")
(table * factor).to_csv("/opt/ml/processing/output/table.csv", index=False)
