"""The tutorial's preparation with pandas and scikit-learn."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
from sklearn.preprocessing import MinMaxScaler

SOURCE, TARGET = sys.argv[1:]

df = pd.read_csv(SOURCE, sep=";", keep_default_na=False)
numbers = df.select_dtypes("number").columns.tolist()
away = (df[numbers] - df[numbers].mean()).abs()
df = df[(away <= 3 * df[numbers].std()).all(axis=1)].reset_index(drop=True)
flat = [name for name in numbers if df[name].min() == df[name].max()]
df[numbers] = MinMaxScaler().fit_transform(df[numbers])
df[flat] = 0.5  # as Spark has it
for name in ("job", "education"):
    df[name] = df[name].str.replace(".", "_", regex=False)
# Variance inflation is the diagonal of the inverse correlations.
correlations = df[numbers].corr()
left = [name for name in numbers if name not in flat]
while True:
    factors = np.diag(np.linalg.inv(correlations.loc[left, left]))
    if max(factors) <= 1.2:
        break
    df = df.drop(columns=left.pop(int(np.argmax(factors))))
texts = [name for name in df.select_dtypes(exclude="number").columns if name != "y"]
df = pd.get_dummies(df, columns=texts, dtype=float)
df.to_parquet(TARGET, index=False)
