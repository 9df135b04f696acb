"""The ten steps with pandas and scikit-learn."""

from __future__ import annotations

import sys

import pandas as pd
from sklearn.preprocessing import MinMaxScaler

SOURCE, TARGET = sys.argv[1:]
NUMBERS = [f"n{index}" for index in range(8)]

df = pd.read_parquet(SOURCE)
df[NUMBERS] = df[NUMBERS].fillna(df[NUMBERS].mean())
first, second = NUMBERS[:4], NUMBERS[4:]
mean, deviation = df[first].mean(), df[first].std()
df[first] = df[first].clip(mean - 3 * deviation, mean + 3 * deviation, axis=1)
df[first] = MinMaxScaler().fit_transform(df[first])
df[second] = (df[second] - df[second].mean()) / df[second].std()
df["note"] = df["note"].str.lower()
df["city"] = df["city"].str.replace(".", "_", regex=False)
df["month"] = df["at"].dt.month.astype("int64")
df = df[df["i0"] > 0]
counts = df["city"].value_counts().rename_axis("city").reset_index(name="n")
order = counts.sort_values(["n", "city"], ascending=[False, True])["city"].tolist()
df["city_code"] = df["city"].map({name: float(index) for index, name in enumerate(order)})
df = pd.concat([df.drop(columns="kind"), pd.get_dummies(df["kind"], "kind", dtype=float)], axis=1)
df.to_parquet(TARGET, index=False)
