"""Optuna's samplers, SMAC and `ga-nas` on tables of configurations whose values are redrawn with noise.

    pip install optuna pandas scipy torch smac
    python python/benches/noisy.py --table fcnet.csv.gz --tasks parkinsons_telemonitoring_mse:min \
        --tools ga-nas,tpe,gp,smac,random --queries 100 --seeds 10 --json noisy.json

A table has a column a choice, and a column and its deviation over training seeds (`NAME_std`) for each task. An
evaluation is a draw with this mean and deviation: of a log-normal distribution for a loss, which stays positive, and of
a normal one within 0 and 1 for an accuracy. An evaluation of a configuration that was evaluated before is a new draw,
and is charged. All tools see numbers as the places of the sorted values. A tool
recommends the configuration with the lowest mean of its own draws. Its regret is the distance of that configuration's
value in the table from the best one. `ga-nas` runs by `ganas search --command` with this file as the worker.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy
import pandas

class Task:
    """One task of a table: its choices, and the mean and deviation of each configuration."""

    def __init__(self, file: str, objective: str) -> None:
        self.file, self.objective = file, objective
        metric, way = objective.split(":")
        table = pandas.read_csv(file)
        ends = [name.removesuffix("_std") for name in table if name.endswith("_std")]
        metrics = {*ends, *(f"{name}_std" for name in ends)}
        self.choices = [name for name in table if name not in metrics]
        sign = 1.0 if way == "min" else -1.0
        self.is_loss = way == "min"
        self.losses = (sign * table[metric]).to_numpy()
        self.deviations = table[f"{metric}_std"].to_numpy()
        self.best = self.losses.min()
        self.options = {name: sorted(table[name].unique().tolist()) for name in self.choices}
        keys = table[self.choices].itertuples(index=False, name=None)
        self.rows = {key: row for row, key in enumerate(keys)}

    def is_number(self, name: str) -> bool:
        return not isinstance(self.options[name][0], str)

    def draw(self, row: int, rng: numpy.random.Generator) -> float:
        """One noisy evaluation."""
        mean, deviation = self.losses[row], self.deviations[row]
        if not self.is_loss:
            return float(-numpy.clip(rng.normal(-mean, deviation), 0.0, 1.0))
        spread = numpy.log1p((deviation / mean) ** 2)
        return float(rng.lognormal(numpy.log(mean) - spread / 2, numpy.sqrt(spread)))

    def regrets(self, evaluations: list[tuple[int, float]]) -> list[float]:
        """The regret of the recommended configuration after each evaluation."""
        draws: dict[int, list[float]] = {}
        regrets = []
        for row, loss in evaluations:
            draws.setdefault(row, []).append(loss)
            chosen = min(draws, key=lambda row: statistics.fmean(draws[row]))
            regrets.append(float(self.losses[chosen] - self.best))
        return regrets


def optuna_run(sampler: str) -> Callable[[Task, int, int], list[tuple[int, float]]]:
    """A run of one of Optuna's samplers."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    make = {
        "tpe": optuna.samplers.TPESampler,
        "gp": optuna.samplers.GPSampler,
        "random": optuna.samplers.RandomSampler,
    }[sampler]

    def run(task: Task, seed: int, queries: int) -> list[tuple[int, float]]:
        study = optuna.create_study(direction="minimize", sampler=make(seed=seed))
        rng = numpy.random.default_rng(seed)
        evaluations = []
        for _ in range(queries):
            trial = study.ask()
            key = []
            for name in task.choices:
                options = task.options[name]
                if task.is_number(name):
                    key.append(options[trial.suggest_int(name, 0, len(options) - 1)])
                else:
                    key.append(trial.suggest_categorical(name, options))
            row = task.rows[tuple(key)]
            loss = task.draw(row, rng)
            study.tell(trial, loss)
            evaluations.append((row, loss))
        return evaluations

    return run


def smac_run(task: Task, seed: int, queries: int) -> list[tuple[int, float]]:
    """A run of SMAC's facade for hyperparameters."""
    import logging

    from ConfigSpace import CategoricalHyperparameter, ConfigurationSpace, UniformIntegerHyperparameter
    from smac import HyperparameterOptimizationFacade, Scenario
    from smac.runhistory.dataclasses import TrialValue

    space = ConfigurationSpace(seed=seed)
    for name in task.choices:
        options = task.options[name]
        number = task.is_number(name)
        space.add(
            UniformIntegerHyperparameter(name, 0, len(options) - 1)
            if number
            else CategoricalHyperparameter(name, options)
        )
    rng = numpy.random.default_rng(seed)
    evaluations = []
    with tempfile.TemporaryDirectory() as folder:
        scenario = Scenario(
            space, n_trials=queries, seed=seed, deterministic=False, output_directory=Path(folder)
        )
        facade = HyperparameterOptimizationFacade(
            scenario, lambda config, seed=0: 0.0, overwrite=True, logging_level=logging.ERROR
        )
        for _ in range(queries):
            info = facade.ask()
            values = dict(info.config)
            key = [
                task.options[name][int(values[name])] if task.is_number(name) else str(values[name])
                for name in task.choices
            ]
            row = task.rows[tuple(key)]
            loss = task.draw(row, rng)
            facade.tell(info, TrialValue(cost=loss), save=False)
            evaluations.append((row, loss))
    return evaluations


def space_file(task: Task) -> str:
    """The space of a task as a space file."""
    text = 'name = "table"\nkind = "config"\n'
    for name in task.choices:
        options = task.options[name]
        text += f"\n[[choice]]\nname = {json.dumps(name)}\nvalues = {json.dumps(options)}\n"
        if task.is_number(name) and min(options) > 0 and max(options) >= 8 * min(options):
            text += "log = true\n"
    return text


def ganas_run(task: Task, seed: int, queries: int) -> list[tuple[int, float]]:
    """A run of `ga-nas`, with this file as its worker."""
    binary = os.environ.get("GANAS_BIN", "ganas")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "space.toml").write_text(space_file(task))
        worker = f"{sys.executable} {Path(__file__).resolve()} --worker {seed}"
        words = [binary, "search", "--space", "space.toml", "--command", worker, "--out", "run"]
        words += ["--objective", "loss:min", "--queries", str(queries), "--seed", str(seed), "--quiet"]
        environment = {
            **os.environ,
            "NOISY_TABLE": str(Path(task.file).resolve()),
            "NOISY_OBJECTIVE": task.objective,
        }
        subprocess.run(words, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
        evaluations = []
        with open(Path(folder, "run", "evaluations.csv"), newline="") as file:
            for line in csv.DictReader(file):
                values = dict(field.split("=") for field in line["arch"].split(";"))
                key = [
                    float(values[name]) if task.is_number(name) else values[name] for name in task.choices
                ]
                evaluations.append((task.rows[tuple(key)], float(line["loss"])))
    return evaluations


def serve(seed: int) -> None:
    """Evaluates for `ganas search --command`."""
    task = Task(os.environ["NOISY_TABLE"], os.environ["NOISY_OBJECTIVE"])
    for line in sys.stdin:
        message = json.loads(line)
        if message["type"] == "hello":
            print(json.dumps({"type": "ready"}), flush=True)
        elif message["type"] == "evaluate":
            values = message["graph"]["values"]
            row = task.rows[tuple(values[name] for name in task.choices)]
            loss = task.draw(row, numpy.random.default_rng([seed, row]))
            print(
                json.dumps({"type": "result", "id": message["id"], "metrics": {"loss": loss}}), flush=True
            )


def summary(curves: dict[str, list[list[float]]]) -> list[dict]:
    """Regrets at the end; the first evaluation after which the mean regret of `ga-nas` is no larger than the end of
    another tool, and the one from which on it stays so."""
    means = {tool: [statistics.fmean(at) for at in zip(*runs)] for tool, runs in curves.items()}
    ours = means.get("ga-nas")
    rows = []
    for tool, mean in means.items():
        ends = [run[-1] for run in curves[tool]]
        row = {
            "tool": tool,
            "seeds": len(ends),
            "regret": mean[-1],
            "standard_error": statistics.stdev(ends) / len(ends) ** 0.5,
        }
        if ours and tool != "ga-nas":
            reached = [regret <= mean[-1] for regret in ours]
            row["ga_nas_evaluations"] = reached.index(True) + 1 if True in reached else None
            # With noise a mean regret can grow again.
            worse = [i + 1 for i, well in enumerate(reached) if not well]
            last = worse[-1] if worse else 0
            row["ga_nas_stays_from"] = last + 1 if last < len(ours) else None
        rows.append(row)
    return rows


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--worker", type=int, help="serve as a worker with this seed")
    arguments.add_argument("--table", action="append", default=[])
    arguments.add_argument("--tasks", action="append", default=[], help="for each table: NAME:min,NAME:max,..")
    arguments.add_argument("--tools", default="ga-nas,tpe,gp")
    arguments.add_argument("--queries", type=int, default=100)
    arguments.add_argument("--seeds", type=int, default=10)
    arguments.add_argument("--commit", help="that of `ganas`, for the record")
    arguments.add_argument("--json")
    given = arguments.parse_args()
    if given.worker is not None:
        serve(given.worker)
        return
    tools = {"ga-nas": lambda: ganas_run, "smac": lambda: smac_run}
    versions, tasks = {}, []
    for tool in given.tools.split(","):
        run = tools.get(tool, lambda tool=tool: optuna_run(tool))()
        for place, (table, names) in enumerate(
            (table, name) for table, names in zip(given.table, given.tasks) for name in names.split(",")
        ):
            task = Task(table, names)
            started = time.perf_counter()
            runs = [task.regrets(run(task, seed, given.queries)) for seed in range(given.seeds)]
            seconds = time.perf_counter() - started
            if place == len(tasks):
                tasks.append({"table": Path(table).name, "objective": names, "seconds": {}, "regrets": {}})
            tasks[place]["seconds"][tool] = round(seconds, 1)
            tasks[place]["regrets"][tool] = runs
            tasks[place]["summary"] = summary(tasks[place]["regrets"])
            print(names, tasks[place]["summary"][-1], f"{seconds:.0f} s", flush=True)
            write(given, versions, tasks)


def write(given: argparse.Namespace, versions: dict, tasks: list[dict]) -> None:
    """Writes what there is so far."""
    if not given.json:
        return
    for name in ("optuna", "smac", "torch"):
        if name in sys.modules:
            versions[name] = sys.modules[name].__version__
    arguments = {**vars(given), "table": [Path(table).name for table in given.table]}
    shown = [
        {
            **{key: value for key, value in task.items() if key != "regrets"},
            "mean_regret": {
                tool: [float(f"{statistics.fmean(at):.4g}") for at in zip(*runs)]
                for tool, runs in task["regrets"].items()
            },
            "final_regrets": {tool: [run[-1] for run in runs] for tool, runs in task["regrets"].items()},
        }
        for task in tasks
    ]
    record = {
        "script": "python/benches/noisy.py",
        "arguments": {name: value for name, value in arguments.items() if name not in ("worker", "json")},
        "versions": versions,
        "tasks": shown,
    }
    with open(given.json, "w") as file:
        json.dump(record, file, indent=1)


if __name__ == "__main__":
    main()
