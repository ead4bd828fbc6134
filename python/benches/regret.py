"""Optuna's samplers on a table of numbers and words, against runs of `ganas bench` on the same table.

    pip install optuna pandas torch scipy
    ganas bench --space fcnet --table fcnet.csv.gz --objective parkinsons_telemonitoring_mse:min \
        --strategies ga-nas,tpe,random --queries 100 --seeds 20 --json ganas.json
    python python/benches/regret.py --table fcnet.csv.gz --objective parkinsons_telemonitoring_mse:min \
        --choices activation_fn_1,activation_fn_2,batch_size,dropout_1,dropout_2,init_lr,lr_schedule,n_units_1,n_units_2 \
        --samplers tpe,gp --queries 100 --seeds 20 --ganas ganas.json --json optuna.json

A column of numbers is an integer parameter, the place of the number among the sorted ones, so that a sampler
sees their order with even steps; a column of words is categorical. A trial of a configuration that was
evaluated before is told its known value and costs no query, as in `ganas`. The regret is the distance of the
best value so far from the table's best one; means are over seeds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

import optuna
import pandas


class Task:
    """A table with its objective and its choices."""

    def __init__(self, file: str, objective: str, choices: list[str]) -> None:
        metric, way = objective.split(":")
        table = pandas.read_csv(file)
        sign = 1.0 if way == "min" else -1.0
        self.losses = (sign * table[metric]).tolist()
        self.best = min(self.losses)
        self.choices = choices
        self.options = {name: sorted(table[name].unique().tolist()) for name in choices}
        keys = table[choices].itertuples(index=False, name=None)
        self.rows = {key: row for row, key in enumerate(keys)}

    def suggest(self, trial: optuna.Trial) -> int:
        key = []
        for name in self.choices:
            options = self.options[name]
            if isinstance(options[0], str) or len(options) < 3:
                key.append(trial.suggest_categorical(name, options))
            else:
                key.append(options[trial.suggest_int(name, 0, len(options) - 1)])
        return self.rows[tuple(key)]


def sampler(name: str, seed: int) -> optuna.samplers.BaseSampler:
    match name:
        case "tpe":
            return optuna.samplers.TPESampler(seed=seed)
        case "gp":
            return optuna.samplers.GPSampler(seed=seed)
        case "random":
            return optuna.samplers.RandomSampler(seed=seed)
    raise SystemExit(f"unknown sampler {name}; there are tpe, gp and random")


def run(task: Task, name: str, seed: int, queries: int) -> list[float]:
    """The regret after each query."""
    study = optuna.create_study(direction="minimize", sampler=sampler(name, seed))
    known: set[int] = set()
    regrets: list[float] = []
    best, asked = float("inf"), 0
    while len(known) < queries and asked < 50 * queries:
        asked += 1
        trial = study.ask()
        row = task.suggest(trial)
        study.tell(trial, task.losses[row])
        if row not in known:
            known.add(row)
            best = min(best, task.losses[row])
            regrets.append(best - task.best)
    return regrets + regrets[-1:] * (queries - len(regrets))


def ganas_runs(file: str, task: Task, sign: float) -> dict[str, list[list[float]]]:
    """The regret after each query of the runs of `ganas bench --json`, by strategy."""
    with open(file) as opened:
        record = json.load(opened)
    runs: dict[str, list[list[float]]] = {}
    for one in record["runs"]:
        curve, best, steps = [], None, {step[0]: step[1] for step in one["steps"]}
        for query in range(1, one["queries"] + 1):
            best = steps.get(query, best)
            curve.append(sign * best - task.best)
        preset = "" if one["preset"] == "default" else ":" + one["preset"]
        runs.setdefault(one["strategy"] + preset, []).append(curve)
    return runs


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--table", required=True)
    arguments.add_argument("--objective", required=True)
    arguments.add_argument("--choices", required=True)
    arguments.add_argument("--samplers", default="tpe")
    arguments.add_argument("--queries", type=int, default=100)
    arguments.add_argument("--seeds", type=int, default=20)
    arguments.add_argument("--ganas", help="what `ganas bench --json` wrote")
    arguments.add_argument("--json")
    given = arguments.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    task = Task(given.table, given.objective, given.choices.split(","))
    sign = 1.0 if given.objective.endswith(":min") else -1.0
    curves = ganas_runs(given.ganas, task, sign) if given.ganas else {}
    started = time.perf_counter()
    for name in given.samplers.split(","):
        own = [run(task, name, seed, given.queries) for seed in range(given.seeds)]
        curves[f"optuna:{name}"] = own
    seconds = time.perf_counter() - started
    means = {name: [statistics.mean(at) for at in zip(*runs)] for name, runs in curves.items()}
    ours = means.get("ga-nas")
    summary = []
    for name, mean in means.items():
        errors = [runs[-1] for runs in curves[name]]
        row = {"strategy": name, "regret": mean[-1], "standard_error": statistics.stdev(errors) / len(errors) ** 0.5}
        if ours:
            # The queries after which the mean regret of ga-nas is no larger than that of the other at its end.
            row["ga_nas_queries"] = next((i + 1 for i, r in enumerate(ours) if r <= mean[-1]), None)
        summary.append(row)
        print(row, flush=True)
    if given.json:
        record = {
            "optuna": optuna.__version__,
            "arguments": vars(given),
            "seconds": seconds,
            "summary": summary,
            "mean_regret": means,
        }
        with open(given.json, "w") as file:
            json.dump(record, file, indent=1)


if __name__ == "__main__":
    main()
