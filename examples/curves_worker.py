#!/usr/bin/env python3
"""A worker that reports, stops and continues; docs/command-evaluator.md describes its messages.

It needs nothing but Python. The "training" is gradient descent on a small problem that depends on the
architecture; put your own in the place of `Training`.
"""
import hashlib
import json
import math
import os
import queue
import sys
import threading


class Training:
    """A training that can be saved after each epoch."""

    def __init__(self, arch, folder):
        self.path = os.path.join(folder, "state.json") if folder else None
        digits = int(hashlib.sha256(arch.encode()).hexdigest()[:8], 16)
        self.end = 80 + 15 * (arch.count("32") + arch.count("64")) / 4 + digits % 100 / 40
        self.pace = 3 + digits // 100 % 6
        self.epoch, self.curve = 0, []
        if self.path and os.path.exists(self.path):
            with open(self.path) as file:
                state = json.load(file)
            self.epoch, self.curve = state["epoch"], state["curve"]

    def step(self):
        """One epoch; returns the accuracy."""
        self.epoch += 1
        self.curve.append((self.epoch, self.accuracy()))

    def accuracy(self):
        return self.end * (1 - math.exp(-self.epoch / self.pace))

    def save(self):
        if self.path:
            with open(self.path + ".new", "w") as file:
                json.dump({"epoch": self.epoch, "curve": self.curve}, file)
            os.replace(self.path + ".new", self.path)


def say(**message):
    print(json.dumps(message, default=float), file=out, flush=True)


def stopped(id):
    """True if the evaluation is to be stopped. Messages are read by a thread of their own."""
    while not requests.empty():
        request = requests.get()
        if request is None or request["type"] == "bye":
            sys.exit()
        if request["type"] == "stop" and request["id"] == id:
            return True
    return False


def evaluate(request):
    id, last = request["id"], request.get("fidelity", {}).get("epochs", 27)
    training = Training(request["arch"], request.get("checkpoint"))
    sent = 0
    while True:
        # Those of the checkpoint as well: ganas may have been killed before it kept them.
        for epoch, accuracy in training.curve[sent:]:
            if epoch < last:
                say(type="report", id=id, fidelity={"epochs": epoch}, metrics={"accuracy": accuracy})
        sent = len(training.curve)
        if training.epoch >= last:
            break
        training.step()
        training.save()
        if stopped(id):
            break
    say(type="result", id=id, metrics={"accuracy": training.accuracy()})


def read():
    for line in sys.stdin:
        requests.put(json.loads(line))
    requests.put(None)


# Whatever else is printed goes to standard error, which ganas keeps in a file.
out, sys.stdout = sys.stdout, sys.stderr
requests = queue.Queue()
threading.Thread(target=read, daemon=True).start()
while (request := requests.get()) is not None and request["type"] != "bye":
    if request["type"] == "hello":
        say(type="ready")
    elif request["type"] == "evaluate":
        try:
            evaluate(request)
        except Exception as error:
            say(type="error", id=request["id"], reason=f"{type(error).__name__}: {error}")
