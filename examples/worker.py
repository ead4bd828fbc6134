#!/usr/bin/env python3
"""A worker for `ganas search --command "python3 examples/worker.py"`; docs/command-evaluator.md.

It needs nothing but Python. Put your training in the place of `evaluate`.
"""
import json
import os
import sys


def evaluate(arch, graph, seed, budget, progress):
    """Metrics of an architecture by name. Raise an exception if the evaluation fails."""
    skips = graph["ops"].count("skip_connect")
    progress(0.5)
    return {"accuracy": 100.0 - abs(3 - skips) - 0.1 * len(graph["edges"]), "length": len(arch)}


def card(worker, allowed):
    """The graphics card of a worker, out of those that Slurm allows."""
    if allowed is None:
        return str(worker)
    cards = [card.strip() for card in allowed.split(",") if card.strip()]
    return cards[worker % len(cards)] if cards else allowed


def say(**message):
    print(json.dumps(message, default=float), file=out, flush=True)  # NumPy and torch, too.


# Whatever else is printed goes to standard error, which ganas keeps in a file.
out, sys.stdout = sys.stdout, sys.stderr
os.environ["CUDA_VISIBLE_DEVICES"] = card(
    int(os.environ.get("GANAS_WORKER", "0")), os.environ.get("CUDA_VISIBLE_DEVICES"))

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
