"""Benchmarks: the same as those of the binary."""

import builtins
import json
from pathlib import Path

import ganas
import pytest

TASK = {"space": "chain.toml", "table": "chain.csv", "objective": "accuracy"}


def test_the_runs_of_the_binary(chain, binary):
    pandas = pytest.importorskip("pandas")
    args = [f"--{name}={value}" for name, value in TASK.items()]
    args += ["--strategies=random,evolution:default+population=10", "--queries=60", "--seeds=4"]
    binary("bench", *args, "--constraint", "params <= 15", "--json", "bench.json")
    frame = ganas.bench(
        **TASK,
        strategies=["random", "evolution:default+population=10"],
        queries=60,
        seeds=4,
        constraints=["params <= 15"],
    )
    expected = json.loads(Path("bench.json").read_text())
    runs = pandas.DataFrame(expected["runs"]).drop(columns="seconds")
    pandas.testing.assert_frame_equal(frame.drop(columns="seconds"), runs)
    assert frame.attrs["optimum"] == expected["optimum"]
    # The record has the specification that repeats it.
    spec = frame.attrs["provenance"]["spec"]
    Path("spec.json").write_text(json.dumps(spec))
    binary("run", "spec.json", "--json", "again.json")
    assert json.loads(Path("again.json").read_text())["summary"][0]["mean_rank"] == (
        expected["summary"][0]["mean_rank"]
    )
    assert [s["mean_rank"] for s in frame.attrs["summary"]] == list(
        frame.groupby("strategy", sort=False).best_rank.mean()
    )


def test_starts_noise_and_evaluations_again_are_those_of_the_binary(chain, binary):
    pandas = pytest.importorskip("pandas")
    args = [f"--{name}={value}" for name, value in TASK.items()]
    args += ["--strategies=random,evolution", "--queries=40", "--seeds=3"]
    args += ["--start=a;a;a;a", "--start=b;a;a;a", "--constraint=params <= 1.5*@start"]
    args += ["--report=accuracy", "--reevaluate=5", "--noise=20", "--json=bench.json"]
    binary("bench", *args)
    frame = ganas.bench(
        **TASK,
        strategies=["random", "evolution"],
        queries=40,
        seeds=3,
        start=[ganas.Space("chain.toml").parse("a;a;a;a"), "b;a;a;a"],
        constraints=["params <= 1.5*@start"],
        report="accuracy",
        reevaluate=5,
        noise=20,
    )
    expected = json.loads(Path("bench.json").read_text())
    runs = pandas.DataFrame(expected["runs"]).drop(columns="seconds")
    pandas.testing.assert_frame_equal(frame.drop(columns="seconds"), runs)
    assert (frame.reevaluated == 5).all() and (frame.seen != frame.best).any()
    task = frame.attrs["provenance"]["task"]
    assert (task["reevaluate"], task["noise"]) == (5, 20)
    assert frame.attrs["provenance"]["start"] == ["a;a;a;a", "b;a;a;a"]


def test_bad_input(chain):
    pytest.importorskip("pandas")
    with pytest.raises(ValueError, match="is listed twice"):
        ganas.bench(**TASK, strategies=["random", "random"], queries=5, seeds=1)
    with pytest.raises(ValueError, match="report=COLUMN"):
        ganas.bench(**TASK, strategies=["random"], queries=5, seeds=1, reevaluate=2)
    with pytest.raises(ValueError, match="start `f;a;a;a`"):
        ganas.bench(**TASK, strategies=["random"], queries=5, seeds=1, start=["f;a;a;a"])
    with pytest.raises(ValueError, match="give `seeds` at least 1"):
        ganas.bench(**TASK, strategies=["random"], queries=5, seeds=0)


@pytest.fixture
def without(monkeypatch):
    """Makes a package impossible to import."""
    real = builtins.__import__

    def hide(name):
        def fake(wanted, *args, **options):
            if wanted.split(".")[0] == name:
                raise ImportError(f"No module named '{name}'")
            return real(wanted, *args, **options)

        monkeypatch.setattr(builtins, "__import__", fake)
        monkeypatch.setitem(__import__("sys").modules, name, None)

    return hide


@pytest.mark.parametrize("name", ["pandas", "numpy", "networkx", "ray"])
def test_what_is_missing_is_named(chain, without, name):
    import ganas.ray

    search = ganas.Search("chain.toml", queries=3)
    arch = search.ask()[0]
    without(name)
    needs = {
        "pandas": lambda: ganas.bench(**TASK, strategies=["random"], queries=5, seeds=1),
        "numpy": arch.to_numpy,
        "networkx": arch.to_networkx,
        "ray": lambda: ganas.ray.run(search, lambda arch: 1),
    }
    with pytest.raises(ImportError, match=f"`pip install {name}`"):
        needs[name]()


def test_without_pandas_history_is_a_list(chain, without):
    search = ganas.Search("chain.toml", queries=3)
    search.tell(search.ask()[0], 5)
    without("pandas")
    (row,) = search.history
    assert row["accuracy"] == 5 and row["compliant"] and row["failure"] is None


def test_the_table_that_is_built_in(tmp_path, monkeypatch):
    pytest.importorskip("pandas")
    monkeypatch.chdir(tmp_path)
    task = {"space": "nasbench201", "table": "nasbench201"}
    frame = ganas.bench(**task, objective="cifar10_test", strategies=["random"], queries=10, seeds=2)
    assert frame.attrs["optimum"] == 94.373333
    search = ganas.Search(**task, objective="cifar10_test", queries=30)
    search.run()
    assert 80 < search.best.value <= 94.373333
    Path("nasbench201").write_text("arch,a\n")
    with pytest.raises(ValueError, match="also a file here"):
        ganas.Search(**task, objective="cifar10_test")
