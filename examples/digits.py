#!/usr/bin/env python3
"""Trains a small network on scikit-learn's digits; docs/guide/own-trainer.md.

An architecture is a chain of four layers, as examples/layers.toml names them, for
`ganas search --space examples/layers.toml --command "python3 examples/digits.py"`.
"""
import json
import sys
import time
import warnings

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

out, sys.stdout = sys.stdout, sys.stderr
warnings.simplefilter("ignore")  # Few epochs do not converge.
images, classes = load_digits(return_X_y=True)
rest = train_test_split(images / 16, classes, test_size=0.2, random_state=0)
train, _, labels, _ = rest  # The test images are for the end.
train, valid, labels, wanted = train_test_split(train, labels, test_size=0.5, random_state=1)


def evaluate(arch, seed, epochs):
    widths = [int(op[5:]) for op in arch.split(";") if op != "none"]
    net = MLPClassifier(widths or [1], batch_size=32, max_iter=epochs, random_state=seed)
    begun = time.time()
    net.fit(train, labels)
    params = sum(w.size for w in net.coefs_ + net.intercepts_)
    accuracy = 100 * net.score(valid, wanted)
    return {"accuracy": accuracy, "params": params, "seconds": time.time() - begun}


def say(**message):
    print(json.dumps(message, default=float), file=out, flush=True)  # NumPy and torch, too.


for line in sys.stdin:
    request = json.loads(line)
    if request["type"] == "hello":
        say(type="ready")
    elif request["type"] == "evaluate":
        try:
            epochs = int(request.get("budget", 10))
            metrics = evaluate(request["arch"], request["seed"], epochs)
            say(type="result", id=request["id"], metrics=metrics)
        except Exception as error:
            say(type="error", id=request["id"], reason=f"{type(error).__name__}: {error}")
    else:
        break
