"""Searches that start from other tasks: the same as those of the binary."""

import json
from pathlib import Path

import ganas
import pytest

TASK = {"space": "chain.toml", "table": "chain.csv"}


def trace(run):
    return (Path(run) / "evaluations.csv").read_text()


def test_a_prior_is_that_of_the_binary(chain, binary):
    args = [f"--{name}={value}" for name, value in TASK.items()]
    args += ["--objective=accuracy", "--queries=20", "--known=latency", "--out=one"]
    binary("search", *args, "--prior=chain.csv:latency:min")
    search = ganas.Search(
        "chain.toml",
        queries=20,
        maximize=["accuracy"],
        table="chain.csv",
        prior=["chain.csv:latency:min"],
        known=["latency"],
        dir="other",
    )
    search.run()
    assert trace("other") == trace("one")


def test_benchmarks_have_priors(chain):
    pytest.importorskip("pandas")
    common = {**TASK, "objective": "accuracy", "strategies": ["ga-nas"], "queries": 12, "seeds": 2}
    frame = ganas.bench(**common, prior=Path("chain.csv"))
    record = frame.attrs["provenance"]["task"]["prior"]
    assert [prior["column"] for prior in record] == ["accuracy"]
    assert json.dumps(record).count("digest") == 1
    # The prior is the answer.
    assert list(frame.queries_to_best) == [1, 1]
    with pytest.raises(ValueError, match="did you mean"):
        ganas.bench(**common, prior=["chain.csv:accurac"])
