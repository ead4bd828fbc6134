#!/usr/bin/env python3
"""A worker that trains a classifier of handwritten digits with scikit-learn.

`graph["values"]` of a request has the choices of `classifier.toml` as a dictionary.
"""

import json
import sys
import warnings

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

IMAGES, LABELS = load_digits(return_X_y=True)
TRAIN, VALID, TRAIN_LABELS, VALID_LABELS = train_test_split(
    IMAGES / 16.0, LABELS, test_size=0.5, random_state=0, stratify=LABELS
)


def evaluate(values, seed):
    units = [values[f"units.{i + 1}"] for i in range(values["layers"])]
    network = MLPClassifier(
        hidden_layer_sizes=units,
        activation=values["activation"],
        solver=values["optimizer"],
        learning_rate_init=values["lr"],
        momentum=values.get("momentum", 0.9),
        max_iter=8,
        random_state=seed % 2**32,
    )
    network.fit(TRAIN, TRAIN_LABELS)
    return {"accuracy": network.score(VALID, VALID_LABELS)}


warnings.filterwarnings("ignore")  # Few epochs do not converge.
out, sys.stdout = sys.stdout, sys.stderr


def say(**message):
    print(json.dumps(message, default=float), file=out, flush=True)


for line in sys.stdin:
    request = json.loads(line)
    if request["type"] == "hello":
        say(type="ready")
    elif request["type"] == "evaluate":
        try:
            metrics = evaluate(request["graph"]["values"], request["seed"])
            say(type="result", id=request["id"], metrics=metrics)
        except Exception as error:
            say(type="error", id=request["id"], reason=f"{type(error).__name__}: {error}")
    else:
        break
