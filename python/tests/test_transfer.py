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


def test_proxies_are_computed_into_a_file_and_known(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = {"proxies": ["nwot", "zen"], "width": 2, "depth": 1, "images": 4}
    assert ganas.proxies(sample=20, out="few.csv", **options) == tmp_path / "few.csv"
    lines = Path("few.csv").read_text().splitlines()
    assert lines[0] == "arch,nwot,zen" and len(lines) == 21
    arch = ganas.Space("nasbench201").sample(1)[0]
    ganas.proxies([arch], out="one.csv", **options)
    assert str(arch) in Path("one.csv").read_text()
    search = ganas.Search("nasbench201", queries=8, table="nasbench201", objective="cifar10_test", known="few.csv:nwot")
    search.run()
    assert len(search.history) == 8
    with pytest.raises(ValueError, match="did you mean `nwot`"):
        ganas.proxies(proxies="nwt")


def test_networks_are_pretrained(chain):
    networks = ganas.pretrain("chain.csv:accuracy", "networks.json", space="chain.toml", rounds=2)
    search = ganas.Search(
        "chain.toml", "ga-nas:adversarial", 12, table="chain.csv", objective="accuracy", pretrained=networks
    )
    search.run()
    assert len(search.history) == 12
    with pytest.raises(ValueError, match="prior="):
        ganas.pretrain([], "networks.json", space="chain.toml")
