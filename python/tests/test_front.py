"""Several objectives."""

import math

import ganas
import pytest


def evaluate(arch):
    return {"accuracy": math.sqrt(arch.costs["macs"]) % 17, "latency": arch.costs["macs"] % 1000 / 7}


def beats(a, b):
    better = a["accuracy"] >= b["accuracy"] and a["latency"] <= b["latency"]
    return better and (a["accuracy"], a["latency"]) != (b["accuracy"], b["latency"])


def test_a_front_is_what_nothing_beats(tmp_path):
    search = ganas.Search(
        "nasbench201", "random", 60, maximize=["accuracy"], minimize=["latency"], dir=tmp_path / "run"
    )
    assert search.objectives == {"accuracy": "max", "latency": "min"}
    front = search.optimize(evaluate)
    assert front and front == search.front
    rows = search._core.rows()
    for member in front:
        assert member.metrics["latency"] == evaluate(member.arch)["latency"]
        assert not any(beats(row, member.metrics) for row in rows)
    assert [m.metrics["accuracy"] for m in front] == sorted(
        (m.metrics["accuracy"] for m in front), reverse=True
    )
    result = search.result
    assert len(result["front"]) == len(front) and result["hypervolume"] > 0
    assert str(front[0].arch) in search._repr_html_()
    again = ganas.Search.load(tmp_path / "run", queries=70)
    assert len(again.optimize(evaluate)) >= 1 and again.objectives == search.objectives


def test_names_and_directions_are_given_in_several_ways():
    def named(**aims):
        return ganas.Search("nasbench201", "random", 5, **aims).objectives

    both = {"accuracy": "max", "latency": "min"}
    assert named(objective=["accuracy", "latency:min"]) == both
    assert named(maximize="accuracy", minimize="latency") == both
    assert named(objective=["accuracy:max", "latency:min:log"]) == both
    with pytest.raises(ValueError, match="leave out `objective`"):
        named(objective="accuracy", minimize=["latency"])
    with pytest.raises(ValueError, match="each of several objectives"):
        named(objective=["accuracy", "latency"], maximize=True)
    with pytest.raises(ValueError, match="given twice"):
        named(maximize=["accuracy"], minimize=["accuracy"])


def test_a_front_has_no_single_best():
    search = ganas.Search("nasbench201", "random", 5, objective=["accuracy", "latency:min"])
    for call in (lambda: search.best, lambda: search.maximize(evaluate)):
        with pytest.raises(ValueError, match="several objectives .accuracy, latency."):
            call()
    with pytest.raises(ValueError, match="no `latency`|`latency`"):
        search.optimize(lambda arch: 1.0)


def test_a_result_without_one_objective_has_failed():
    count = 0

    def holes(arch):
        nonlocal count
        count += 1
        metrics = evaluate(arch)
        return {"accuracy": metrics["accuracy"], "latency": float("nan") if count % 3 == 0 else metrics["latency"]}

    search = ganas.Search("nasbench201", "random", 30, objective=["accuracy", "latency:min"])
    search.optimize(holes)
    assert search.result["failed"] == 10
    assert "`latency`" in search.result["failure"]


def test_one_objective_can_be_optimised_too():
    search = ganas.Search("nasbench201", "random", 5, objective="macs:min")
    front = search.optimize(lambda arch: arch.costs["macs"])
    assert [m.arch for m in front] == [search.best.arch]
