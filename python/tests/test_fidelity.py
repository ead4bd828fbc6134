"""Several fidelities: levels with architectures, reports and early stops."""

import math

import pytest

import ganas

SPACE = "nasbench201"


def end(arch):
    return 50 + 40 * sum(op == "nor_conv_3x3" for op in arch.ops) / 6


def accuracy(arch, epochs):
    return end(arch) * (1 - math.exp(-epochs / 4))


@pytest.mark.parametrize("strategy", ["asha", "ga-nas", "hyperband", "bohb", "successive-halving"])
def test_functions_get_the_fidelity(strategy):
    seen = []

    def evaluate(arch, fidelity):
        seen.append((str(arch), fidelity["epochs"]))
        return accuracy(arch, fidelity["epochs"])

    search = ganas.Search(SPACE, strategy, fidelity="epochs=1..27", cost=200)
    best = search.maximize(evaluate)
    levels = {level for _, level in seen}
    assert len(levels) > 1 and max(levels) == 27
    reached = {}
    cost = 0
    for arch, level in seen:
        cost += level - reached.get(arch, 0)
        reached[arch] = level
    assert search.result["cost"] == cost <= 200
    assert best.value == pytest.approx(accuracy(best.arch, 27))


def test_trials_report_and_are_stopped():
    stopped = []

    def evaluate(arch, trial):
        for epoch in range(1, trial.fidelity["epochs"]):
            if trial.report(accuracy(arch, epoch), level=epoch):
                stopped.append((str(arch), epoch))
                return None
        return accuracy(arch, trial.fidelity["epochs"])

    search = ganas.Search(SPACE, "random", queries=40, fidelity="epochs=1..27", stop_early=0.1)
    search.maximize(evaluate)
    assert stopped
    assert search.result["stopped_early"] == len(stopped)
    assert search.result["failed"] == 0
    assert search.result["cost"] < 40 * 27


def test_other_functions_run_unchanged():
    search = ganas.Search(SPACE, "random", queries=3)
    assert search.maximize(lambda arch, scale=2: scale * end(arch)).value > 0


def test_reports_are_checked():
    search = ganas.Search(SPACE, "random", queries=3, fidelity="epochs=1..5")
    [arch] = search.ask(1)
    assert arch.fidelity == {"epochs": 5}
    with pytest.raises(ValueError, match="not between 1 and 5"):
        search._core.report(arch, 6, 1.0)
    search.close()
