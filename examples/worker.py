#!/usr/bin/env python3
"""A worker for `ganas search --command "python3 examples/worker.py"`; docs/command-evaluator.md.

It needs nothing but Python. Put your training in the place of `evaluate`.
"""
import json
import os
import sys


def evaluate(arch, graph, seed, budget, progress):
    """Metrics of an architecture by name; raise whatever you like if there are none."""
    skips = graph["ops"].count("skip_connect")
    progress(0.5)
    return {"accuracy": 100.0 - abs(3 - skips) - 0.1 * len(graph["edges"]), "length": len(arch)}


def say(**message):
    print(json.dumps(message), file=out, flush=True)


# Whatever else is printed goes to standard error, which ganas keeps in a file.
out, sys.stdout = sys.stdout, sys.stderr
os.environ.setdefault("CUDA_VISIBLE_DEVICES", os.environ.get("GANAS_WORKER", "0"))

for line in sys.stdin:
    request = json.loads(line)
    if request["type"] == "hello":
        say(type="ready")
    elif request["type"] == "evaluate":
        id = request["id"]
        try:
            metrics = evaluate(
                request["arch"], request["graph"], request["seed"], request.get("budget"),
                lambda fraction: say(type="progress", id=id, fraction=fraction))
            say(type="result", id=id, metrics=metrics)
        except Exception as error:
            say(type="error", id=id, reason=f"{type(error).__name__}: {error}")
    else:
        break
