"""A random forest for SageMaker's scikit-learn container: training, and serving what was trained.

The channel `train` holds CSV files without a header, the target in the first column.
"""

import argparse
import os
from pathlib import Path

import joblib
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import balanced_accuracy_score


def read(folder):
    """Features and target of all CSV files in a channel."""
    table = pd.concat(pd.read_csv(file, header=None) for file in sorted(Path(folder).iterdir()))
    return table.iloc[:, 1:].to_numpy(), table.iloc[:, 0].to_numpy()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--n-estimators", type=int, default=100)
    parser.add_argument("--min-samples-leaf", type=int, default=1)
    parser.add_argument("--model-dir", default=os.environ.get("SM_MODEL_DIR"))
    parser.add_argument("--train", default=os.environ.get("SM_CHANNEL_TRAIN"))
    parser.add_argument("--validation", default=os.environ.get("SM_CHANNEL_VALIDATION"))
    args = parser.parse_args()

    features, target = read(args.train)
    model = RandomForestClassifier(
        n_estimators=args.n_estimators,
        min_samples_leaf=args.min_samples_leaf,
        class_weight="balanced",
        n_jobs=-1,
        random_state=0,
    )
    model.fit(features, target)
    print(f"trained {args.n_estimators} trees on {len(target)} rows")
    if args.validation:
        features, target = read(args.validation)
        score = balanced_accuracy_score(target, model.predict(features))
        print(f"validation balanced accuracy: {score:.4f}")
    joblib.dump(model, Path(args.model_dir, "model.joblib"))


def model_fn(model_dir):
    """Load the model in the model server."""
    return joblib.load(Path(model_dir, "model.joblib"))


def predict_fn(data, model):
    """The probability of a purchase for each row."""
    return model.predict_proba(data)[:, 1]


if __name__ == "__main__":
    main()
