"""Searches: the same as those of the binary, whoever evaluates."""

import csv
import json
import math
import random
import warnings
from pathlib import Path

import ganas
import pytest
from conftest import accuracy, evaluate

CHAIN = ["search", "--space", "chain.toml", "--table", "chain.csv", "--objective", "accuracy"]


def trace(search):
    """The evaluations with their rounds and results."""
    frame = search.history
    rows = frame.to_dict("records") if hasattr(frame, "to_dict") else frame
    return [(r["query"], r["round"], r["arch"], r[search.objective]) for r in rows]


def written(folder, objective="accuracy"):
    """The same from `evaluations.csv`."""
    with open(Path(folder) / "evaluations.csv") as file:
        return [
            (int(r["query"]), int(r["round"]), r["arch"], float(r[objective] or "nan"))
            for r in csv.DictReader(file)
        ]


@pytest.mark.parametrize(
    "strategy", ["ga-nas", "random", "evolution", "local-search", "cross-entropy", "tpe"]
)
def test_the_trace_of_the_binary(chain, binary, strategy):
    options = ["--queries", "120", "--seed", "3", "--constraint", "params <= 15"]
    binary(*CHAIN, "--strategy", strategy, *options, "--out", "binary")
    search = ganas.Search(
        "chain.toml", strategy, queries=120, seed=3, constraints=["params <= 15"], dir="python"
    )
    best = search.maximize(evaluate)
    assert search.done and trace(search) == written("binary")
    search.close()
    assert trace(search) == written("python")
    assert best.value == max(a for *_, a in trace(search)) == best.metrics["accuracy"]
    assert best.arch.costs["params"] <= 15
    result = search.result
    assert result["stop"] == "budget" and result["best_arch"] == str(best.arch)


def test_the_trace_of_the_binary_on_a_benchmark(chain, binary):
    # The costs of the space stand for what a table would have.
    space = ganas.Space("nasbench201")
    with open("table.csv", "w") as file:
        file.write("arch,score\n")
        file.writelines(f"{arch},{arch.costs['macs'] % 1009}\n" for arch in space)
    table = ["--table", "table.csv", "--objective", "score", "--minimize"]
    binary("search", "--space", "nasbench201", *table, "--queries", "150", "--out", "binary")
    search = ganas.Search(space, queries=150, objective="score", maximize=False)
    search.minimize(lambda arch: {"score": arch.costs["macs"] % 1009})
    assert trace(search) == written("binary", "score")


def test_a_table_evaluates_and_leaves_the_same_files(chain, binary):
    binary(*CHAIN, "--queries", "60", "--set", "initial=15", "--out", "binary")
    search = ganas.Search(
        "chain.toml", queries=60, table="chain.csv", settings={"initial": 15}, dir="python"
    )
    best = search.run()
    assert best.metrics["latency"] == search.history.latency[search.result["queries_to_best"] - 1]
    for file in ["evaluations.csv", "rounds.jsonl"]:
        assert (chain / "python" / file).read_bytes() == (chain / "binary" / file).read_bytes()
    with pytest.raises(ValueError, match="evaluates by itself; call `run`"):
        search.ask()
    with pytest.raises(ValueError, match="come from Python"):
        ganas.Search("chain.toml").run()


def test_a_surrogate_evaluates_and_finds_what_it_finds_for_the_binary(chain, binary):
    fit = ["--space=chain.toml", "--table=chain.csv", "--objective=latency", "--out=model.json"]
    binary("surrogate", "fit", *fit, "--rows=200")
    task = ["--space=chain.toml", "--surrogate=model.json", "--objective=latency", "--minimize"]
    binary("search", *task, "--queries=40", "--table=chain.csv", "--out=command")
    search = ganas.Search(
        "chain.toml", queries=40, objective="latency", maximize=False, surrogate="model.json",
        table="chain.csv", dir="python",
    )
    best = search.run()
    for name in ("evaluations.csv", "rounds.jsonl"):
        assert Path("python", name).read_text() == Path("command", name).read_text()
    result = json.loads(Path("command/result.json").read_text())
    assert (best.value, search.result["best_rank"]) == (result["best"], result["best_rank"])
    alone = ganas.Search("chain.toml", objective="latency", surrogate="model.json", queries=5)
    assert alone.run() and alone.result["best_rank"] is None
    with pytest.raises(ValueError, match="call `run`, or leave out"):
        ganas.Search(
            "chain.toml", objective="latency", surrogate="model.json", queries=5
        ).maximize(lambda arch: 1)


def test_the_order_of_telling_does_not_matter(chain):
    whole = ganas.Search("chain.toml", queries=100, seed=1)
    whole.maximize(evaluate)
    search = ganas.Search("chain.toml", queries=100, seed=1)
    shuffled = random.Random(0)
    while archs := search.ask(7) + search.ask(1000):
        assert search.ask(5) == [] and not search.done
        shuffled.shuffle(archs)
        for arch in archs:
            search.tell(arch, evaluate(arch))
    assert trace(search) == trace(whole) and search.done and search.ask(3) == []


def test_threads_do_not_matter(chain):
    one, four = (ganas.Search("chain.toml", "evolution", queries=150) for _ in range(2))
    one.maximize(evaluate)
    assert four.maximize(evaluate, workers=4) == one.best
    assert trace(one) == trace(four)


def test_the_function_says_which_way(chain):
    low = ganas.Search("chain.toml", "random").minimize(evaluate, queries=200)
    high = ganas.Search("chain.toml", "random", maximize=False).maximize(evaluate, queries=200)
    assert low.value < 5 < 55 < high.value
    search = ganas.Search("chain.toml", queries=20)
    search.ask()
    with pytest.raises(ValueError, match="maximizes with 20 queries"):
        search.minimize(evaluate)
    with pytest.raises(ValueError, match="has begun"):
        search.maximize(evaluate, queries=21)


def test_failures_are_counted_and_say_why(chain):
    answers = {
        "raises": lambda: 1 / 0,
        "nan": lambda: math.nan,
        "infinite": lambda: {"accuracy": math.inf},
        "missing": lambda: {"acc": 1.0},
        "text": lambda: {"accuracy": "high"},
        "nothing": lambda: None,
    }
    names = list(answers)
    calls = []

    def evaluate_badly(arch):
        calls.append(arch)
        if len(calls) <= len(names):
            return answers[names[len(calls) - 1]]()
        return {"accuracy": accuracy(str(arch)), "unknown": 1}

    search = ganas.Search("chain.toml", "evolution", queries=40, dir="run", max_failures=0)
    best = search.maximize(evaluate_badly)
    frame = search.history
    assert len(calls) == len(frame) == 40 and best.value > 0
    why = dict(zip(names, frame.failure))
    assert why["raises"].startswith("ZeroDivisionError: division by zero\nTraceback")
    assert "in evaluate_badly" in why["raises"]
    assert why["nan"] == "the objective is NaN" and why["infinite"] == "the objective is inf"
    assert why["missing"] == "no `accuracy` came back, only ['acc']"
    assert why["text"] == "`accuracy` is no number but 'high'"
    assert why["nothing"] == "`accuracy` is no number but None"
    assert frame.failure[6:].isna().all() and frame.accuracy[:6].isna().all()
    assert search.result["failed"] == 6
    search.close()
    again = ganas.Search.load("run", queries=41)
    assert list(again.history.failure[:6]) == list(frame.failure[:6])


def test_what_is_bounded_has_to_be_told(chain):
    search = ganas.Search("chain.toml", "random", queries=30, constraints=["latency < 0.5"])
    with pytest.raises(ValueError, match=r"no `latency` came back, only \['accuracy', 'lat'\]"):
        search.maximize(lambda arch: {"accuracy": evaluate(arch), "lat": 0.1})
    with pytest.raises(ValueError, match="no `latency` came back"):
        search.maximize(evaluate)
    (arch,) = search.ask()
    with pytest.raises(ValueError, match="no `latency` came back, only the objective"):
        search.tell(arch, 1.0)
    search.put_back(arch)
    seen = []

    def measure(arch):
        seen.append(arch)
        told = {"accuracy": evaluate(arch), "latency": 0.1}
        return told if len(seen) != 2 else {"accuracy": 1.0}

    search.maximize(measure)
    assert len(seen) == len(search.history) == 30
    assert list(search.history.compliant) == [i != 1 for i in range(30)]


def test_a_function_that_never_works_is_an_error(chain):
    def broken(arch):
        raise ValueError("the trainer broke")

    search = ganas.Search("chain.toml", "random", 3)
    with pytest.raises(ganas.NothingFound, match="every evaluation failed; the first: .*trainer"):
        search.maximize(broken)
    assert search.result["failed"] == 3


def test_a_search_whose_evaluations_all_fail_ends_and_goes_on(chain):
    mended = False

    def train(arch):
        if not mended:
            raise ValueError("no card")
        return evaluate(arch)

    search = ganas.Search("chain.toml", "evolution", 30, dir="run")
    with pytest.raises(ganas.NothingFound, match="every evaluation failed; the first: .*no card"):
        search.maximize(train)
    assert search.result["stop"] == "failures" and len(search.history) == 5
    search.close()
    mended = True
    again = ganas.Search.load("run", retry_failed=True)
    again.maximize(train)
    whole = ganas.Search("chain.toml", "evolution", 30)
    whole.maximize(evaluate)
    assert trace(again) == trace(whole)


def test_what_is_a_number_and_what_is_none(chain):
    for form in (str, lambda value: [value], lambda value: {"accuracy": str(value)}):
        search = ganas.Search("chain.toml", "random", queries=5)
        best = search.maximize(lambda arch: form(evaluate(arch)))
        assert best.value == evaluate(best.arch)
    for value in (True, None, "high", [1, 2]):
        search = ganas.Search("chain.toml", "random", queries=5)
        with pytest.raises((ValueError, TypeError)):
            search.maximize(lambda arch: {"accuracy": value})


def test_what_nobody_asked_for_is_kept(chain):
    search = ganas.Search("chain.toml", "random", queries=5, dir="run")
    search.maximize(lambda a: {"accuracy": evaluate(a), "loss": 0.5, "note": "x", "params": 1})
    frame = search.history
    assert list(frame.columns)[3:8] == ["accuracy", "params", "loss", "note", "params_sent"]
    assert (frame.loss == 0.5).all() and (frame.note == "x").all()
    assert search.best.metrics["loss"] == 0.5 and search.best.metrics["params"] > 1
    again = ganas.Search.load("run")
    assert (again.history.loss == 0.5).all()


def test_the_direction_is_said_or_warned_of(chain):
    assert ganas.Search("chain.toml", objective="loss")._core.minimize
    assert not ganas.Search("chain.toml", objective="loss:max")._core.minimize
    assert ganas.Search("chain.toml", objective="error:min")._core.minimize
    with pytest.warns(UserWarning, match="`error` is maximised"):
        ganas.Search("chain.toml", objective="error").ask()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ganas.Search("chain.toml", objective="error", maximize=True).ask()
        ganas.Search("chain.toml", "random", 3, objective="error").minimize(evaluate)
    with pytest.raises(ValueError, match="contradict"):
        ganas.Search("chain.toml", objective="error:min", maximize=True)


def test_metrics_that_are_kept(chain):
    search = ganas.Search(
        "chain.toml", "random", queries=30, metrics=["size"], constraints=["latency < 0.5"]
    )
    search.maximize(
        lambda a: {"accuracy": evaluate(a), "latency": accuracy(str(a)) / 100, "size": len(str(a))}
    )
    frame = search.history
    assert list(frame.columns)[3:7] == ["accuracy", "latency", "size", "params"]
    assert (frame["size"] == 7).all() and not frame.compliant.all()
    assert search.best.metrics["latency"] < 0.5
    assert list(frame.compliant) == list(frame.latency < 0.5)


def test_functions_are_constraints(chain):
    seen = []

    def without_e(arch):
        seen.append(arch)
        return "e" not in str(arch)

    constraints = [without_e, "params >= 8"]
    search = ganas.Search("chain.toml", queries=80, constraints=constraints, dir="run")
    asked = []
    search.maximize(lambda arch: asked.append(arch) or evaluate(arch))
    assert len(asked) == 80
    assert all("e" not in str(arch) and arch.costs["params"] >= 8 for arch in asked)
    assert len(seen) == len(set(seen))
    assert search.result["rejected"] > 0
    assert search.result["provenance"]["task"]["constraints"] == ["params >= 8", "without_e"]
    search.close()
    with pytest.raises(ValueError, match="`task.constraints`"):
        ganas.Search.load("run", queries=90)
    again = ganas.Search.load("run", constraints=[without_e], queries=90)
    again.maximize(evaluate)
    assert len(again.history) == 90 and all("e" not in text for text in again.history.arch)


def test_a_constraint_that_raises_or_admits_nothing(chain):
    def broken(arch):
        raise LookupError(f"no entry for {arch}")

    with pytest.raises(LookupError, match="no entry for"):
        ganas.Search("chain.toml", constraints=[broken])
    with pytest.raises(ValueError, match="meets `never`"):

        def never(arch):
            return False

        ganas.Search("chain.toml", constraints=[never])
    later = iter(range(40))

    def breaks_later(arch):
        return next(later) >= 0

    search = ganas.Search("chain.toml", constraints=[breaks_later])
    with pytest.raises(StopIteration):
        search.maximize(evaluate)
    with pytest.raises(StopIteration):
        search.ask()


def test_starts_and_what_they_are_compared_with(chain, binary):
    options = ["--start", "c;c;c;c", "--constraint", "params <= @start", "--queries", "40"]
    binary(*CHAIN, *options, "--out", "binary")
    start = ganas.Space("chain.toml").parse("c;c;c;c")
    search = ganas.Search(
        "chain.toml", start=[start], constraints=["params <= @start"], queries=40
    )
    search.maximize(evaluate)
    assert trace(search) == written("binary") and trace(search)[0][1:3] == (0, "c;c;c;c")


@pytest.mark.parametrize("form", ["file", "frame", "dicts", "pairs"])
def test_what_is_known_costs_nothing(chain, binary, form):
    pandas = pytest.importorskip("pandas")
    known = ganas.Search("chain.toml", "random", queries=30)
    known.maximize(evaluate)
    known.history.to_csv("known.csv", index=False)
    binary(*CHAIN, "--history", "known.csv", "--queries", "50", "--out", "binary")
    frame = pandas.read_csv("known.csv")
    history = {
        "file": "known.csv",
        "frame": known.history,
        "dicts": frame[["arch", "accuracy"]].to_dict("records"),
        "pairs": [(known.space.parse(a), v) for a, v in zip(frame.arch, frame.accuracy)],
    }[form]
    search = ganas.Search("chain.toml", history=history, queries=50, dir="run")
    assert search.best == known.best
    search.maximize(evaluate)
    assert trace(search) == written("binary")
    assert not set(search.history.arch) & set(frame.arch)
    search.close()
    assert trace(ganas.Search.load("run")) == written("binary")


def test_rounds_that_overlap(chain):
    search = ganas.Search("chain.toml", queries=60, in_flight=3, dir="run")
    out = search.ask(10)
    assert len(out) == 3
    shuffled = random.Random(1)
    while out:
        arch = out.pop(shuffled.randrange(len(out)))
        search.tell(arch, evaluate(arch))
        out += search.ask(10)
        assert len(out) <= 3
    assert search.done and len(search.history) == 60
    search.close()
    told = (chain / "run" / "evaluations.csv").read_bytes()
    again = ganas.Search.load("run")
    assert again.done and trace(again) == trace(search)
    again.close()
    assert (chain / "run" / "evaluations.csv").read_bytes() == told


def test_what_was_put_back_is_next(chain):
    search = ganas.Search("chain.toml", queries=10)
    first, second = search.ask(2)
    search.put_back(second)
    assert search.ask() == [second]
    search.tell(str(first), 1.0)
    assert search.best.arch == first and search.history["query"].isna().all()


def test_what_cannot_be_told(chain):
    search = ganas.Search("chain.toml", queries=10)
    (arch,) = search.ask()
    search.tell(arch, 3)
    with pytest.raises(ValueError, match=f"`{arch}` was told already"):
        search.tell(arch, 3)
    other = next(a for a in search.space if a not in [arch, *search.ask(1000)])
    with pytest.raises(ValueError, match="was not asked for; `history`"):
        search.tell_failure(other, "lost")
    with pytest.raises(ValueError, match="unknown op"):
        search.tell("x;x;x;x", 3)
    with pytest.raises(TypeError, match="a number or a dict"):
        search.tell(arch, "three")
    search.close()
    with pytest.raises(ValueError, match="is over"):
        search.tell(other, 3)
    assert search.done and search.result["stop"] == "interrupted"


def test_what_was_closed_before_it_began_is_over(chain):
    with ganas.Search("chain.toml", queries=10) as search:
        pass
    assert search.ask(3) == [] and search.done and search.best is None
    search.close()


@pytest.mark.parametrize(
    "options, said",
    [
        ({"strategy": "ga-nass"}, "did you mean `ga-nas`"),
        ({"strategy": "ga-nas:paper"}, "has no preset `paper`"),
        ({"settings": {"ppo.entropy": 1}}, "did you mean `ppo.entropy_coef`"),
        ({"constraints": ["params"]}, "is not a constraint"),
        ({"constraints": ["params <= 3"]}, "no architecture in 20000 samples meets"),
        ({"start": ["a;a"]}, "start `a;a`"),
        ({"queries": 0}, "give `queries` at least 1"),
        ({"queries": -1}, "-1"),
        ({"history": [("a;a;a", 1)]}, "history.csv:2: 3 blocks"),
        ({"table": "chain.csv", "objective": "acc"}, "accuracy"),
        ({"sampler": "adjacency"}, "has no sampler"),
    ],
)
def test_bad_input_is_one_line(chain, options, said):
    with pytest.raises(ValueError) as error:
        ganas.Search("chain.toml", **options)
    assert said in str(error.value) and "\n" not in str(error.value)


def test_files_that_are_not_there(chain):
    with pytest.raises(OSError):
        ganas.Search("chain.toml", history="nowhere.csv")
    with pytest.raises(ValueError, match="nowhere/settings.json"):
        ganas.Search.load("nowhere")
    Path("file").write_text("")
    with pytest.raises(ValueError, match="this is a file"):
        ganas.Search("chain.toml", dir="file")


SEEDS = """name,architecture,seed,accuracy
n1,a;a;a;a,0,90
n2,a;a;a;a,1,92
n3,b;b;b;b,0,80
n4,b;b;b;b,1,N/A
"""


def test_several_rows_of_an_architecture_are_a_choice(chain):
    Path("seeds.csv").write_text(SEEDS)
    options = {"space": "chain.toml", "strategy": "random", "queries": 2, "table": "seeds.csv"}
    with pytest.raises(ValueError, match=r"seeds.csv:3: .* with `seed` 0 there and 1 here"):
        ganas.Search(**options)
    for way, best in [
        ({"duplicates": "mean"}, 91),
        ({"duplicates": "first", "arch_column": "architecture"}, 90),
        ({"where": {"seed": 0}}, 90),
    ]:
        search = ganas.Search(**options, **way)
        search.run()
        assert search.best.value == best
        assert search.result["row"]["cells"][0][0] == "name"
    with pytest.warns(UserWarning, match="1 row of .* has no `accuracy`"):
        ganas.Search(**options, where={"seed": 1})
