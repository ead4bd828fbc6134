"""Optuna's multi-objective samplers on a table, measured as `ganas bench` measures.

    pip install optuna pandas torch scipy
    python python/benches/fronts.py --table joined.csv --space nasbench201 \
        --objective cifar10_error:min --objective edgegpu_latency:min \
        --samplers nsga2,tpe,gp,default --queries 200 --seeds 20 --json optuna.json

Each place of an architecture's text, cut at `;` or `|`, is a categorical parameter; numbers are integers.
A trial of an architecture that was evaluated before is told its known values and costs no query, as in
`ganas`; a combination that the table lacks costs none either, and is told as a failure. The reference is,
for each objective, the value that 95 % of the rows are at least as good as; shares are of the hypervolume
of the table's own front.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import time

import numpy
import optuna
import pandas

BUDGETS = (50, 100, 200, 500)


def parts(arch: str) -> list[str]:
    """The choices of an architecture in text form."""
    return [part for part in re.split(r"[;|+]+", arch) if part]


def volume(points: numpy.ndarray) -> float:
    """Hypervolume of points with gains in two objectives."""
    points = points[(points > 0).all(axis=1)]
    total, height = 0.0, 0.0
    for x, y in sorted(points.tolist(), reverse=True):
        if y > height:
            total += x * (y - height)
            height = y
    return total


class Task:
    """A table with its objectives, its reference and its own hypervolume."""

    def __init__(self, file: str, objectives: list[str]) -> None:
        table = pandas.read_csv(file)
        named = [text.split(":") for text in objectives]
        self.directions = ["minimize" if way[1] == "min" else "maximize" for way in named]
        signs = numpy.array([-1.0 if way[1] == "min" else 1.0 for way in named])
        values = table[[way[0] for way in named]].to_numpy(float)
        turned = numpy.sort(values * signs, axis=0)[::-1]
        place = int(numpy.ceil(0.95 * len(turned))) - 1
        reference, ideal = turned[place], turned[0]
        self.gains = (values * signs - reference) / (ideal - reference)
        self.whole = volume(self.gains)
        choices = [parts(arch) for arch in table["arch"]]
        self.rows = {tuple(choice): row for row, choice in enumerate(choices)}
        self.values = values
        self.options = [sorted(set(column)) for column in zip(*choices)]

    def numbers(self, place: int) -> list[int] | None:
        """The options of a place as numbers, if all are."""
        options = self.options[place]
        return sorted(map(int, options)) if all(o.isdigit() for o in options) else None


def sampler(name: str, seed: int) -> optuna.samplers.BaseSampler | None:
    """A sampler by its name; none for Optuna's default."""
    match name:
        case "nsga2":
            return optuna.samplers.NSGAIISampler(seed=seed)
        case "tpe":
            return optuna.samplers.TPESampler(seed=seed)
        case "gp":
            return optuna.samplers.GPSampler(seed=seed)
        case "random":
            return optuna.samplers.RandomSampler(seed=seed)
    raise SystemExit(f"unknown sampler {name}; there are nsga2, tpe, gp, random and default")


def run(task: Task, name: str, seed: int, queries: int) -> dict:
    """A run: its share after some numbers of queries."""
    chosen = None if name == "default" else sampler(name, seed)
    study = optuna.create_study(directions=task.directions, sampler=chosen)
    if chosen is None:
        # The default sampler has no argument for its seed.
        study.sampler.reseed_rng()
    seen: list[int] = []
    known: set[int] = set()
    asked, started = 0, time.perf_counter()
    while len(known) < queries and asked < 50 * queries:
        asked += 1
        trial = study.ask()
        choice = []
        for place, options in enumerate(task.options):
            numbers = task.numbers(place)
            if numbers and numbers == list(range(numbers[0], numbers[-1] + 1)):
                choice.append(str(trial.suggest_int(str(place), numbers[0], numbers[-1])))
            else:
                choice.append(trial.suggest_categorical(str(place), options))
        row = task.rows.get(tuple(choice))
        if row is None:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
            continue
        study.tell(trial, list(task.values[row]))
        if row not in known:
            known.add(row)
            seen.append(row)
    share = {
        str(budget): volume(task.gains[seen[:budget]]) / task.whole
        for budget in BUDGETS
        if budget <= queries
    }
    seconds = time.perf_counter() - started
    return {"strategy": name, "seed": seed, "queries": len(seen), "share_at": share, "seconds": seconds}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--table", required=True)
    arguments.add_argument("--space", help="for the record")
    arguments.add_argument("--objective", action="append", required=True)
    arguments.add_argument("--samplers", default="nsga2,tpe,gp")
    arguments.add_argument("--queries", type=int, default=200)
    arguments.add_argument("--seeds", type=int, default=20)
    arguments.add_argument("--json")
    given = arguments.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    task = Task(given.table, given.objective)
    runs, summary = [], []
    for name in given.samplers.split(","):
        own = [run(task, name, seed, given.queries) for seed in range(given.seeds)]
        runs += own
        means = {}
        for budget in own[0]["share_at"]:
            shares = [r["share_at"][budget] for r in own]
            means[budget] = statistics.mean(shares)
        summary.append({"strategy": name, "mean_share_at": means})
        print(name, {budget: round(mean, 4) for budget, mean in means.items()}, flush=True)
    if given.json:
        with open(given.json, "w") as file:
            record = {"optuna": optuna.__version__, "arguments": vars(given), "summary": summary, "runs": runs}
            json.dump(record, file, indent=1)


if __name__ == "__main__":
    main()
