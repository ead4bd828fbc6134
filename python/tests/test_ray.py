"""Searches on a real local Ray cluster of several node processes."""

import threading
import time
from pathlib import Path

import ganas
import ganas.ray as ganas_ray
import pytest
from conftest import OPS, evaluate
from test_search import trace

ray = pytest.importorskip("ray")
Cluster = pytest.importorskip("ray.cluster_utils").Cluster


@pytest.fixture(scope="module")
def cluster():
    """A head that takes no tasks, and two nodes that take two each."""
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    nodes = [cluster.add_node(num_cpus=2, resources={"board": 1}) for _ in range(2)]
    cluster.wait_for_nodes()
    ray.init(address=cluster.address, log_to_driver=False)
    yield cluster, nodes
    ray.shutdown()
    cluster.shutdown()


def looked_up(log):
    """An evaluation that records its calls in a folder. It needs nothing else on a node."""

    def look_up(arch):
        number = 0
        for op in str(arch).split(";"):
            number = 5 * number + OPS.index(op)
        with open(Path(log) / f"{number}-{time.time_ns()}", "w") as file:
            file.write(str(ray.get_runtime_context().get_node_id()))
        return {"accuracy": number * 89 % 625 / 10}

    return look_up


def test_the_trace_does_not_depend_on_where(chain, cluster):
    alone = ganas.Search("chain.toml", "evolution", queries=60)
    alone.maximize(evaluate)
    (chain / "log").mkdir()
    search = ganas.Search("chain.toml", "evolution", queries=60)
    best = ganas_ray.run(search, looked_up(chain / "log"))
    assert best == alone.best and trace(search) == trace(alone)
    assert len({path.read_text() for path in (chain / "log").iterdir()}) == 2


def test_a_node_that_dies_loses_nothing(chain, cluster):
    (chain / "log").mkdir()
    head, nodes = cluster
    look_up = looked_up(chain / "log")
    victim = head.add_node(num_cpus=2, resources={"victim": 2})
    head.wait_for_nodes()
    doomed = victim.node_id

    def slowly(arch):
        result = look_up(arch)
        # Nobody gets an answer from the node that is going to die.
        while ray.get_runtime_context().get_node_id() == doomed:
            time.sleep(0.1)
        return result

    def kill():
        while not any(path.read_text() == doomed for path in (chain / "log").iterdir()):
            time.sleep(0.05)
        head.remove_node(victim, allow_graceful=False)

    killer = threading.Thread(target=kill)
    killer.start()
    search = ganas.Search("chain.toml", "evolution", queries=60, dir="run")
    ganas_ray.run(search, slowly, max_in_flight=6)
    killer.join()
    alone = ganas.Search("chain.toml", "evolution", queries=60)
    alone.maximize(evaluate)
    assert trace(search) == trace(alone)
    assert search.result["failed"] == 0
    journal = (chain / "run" / "journal.jsonl").read_text().splitlines()[1:]
    assert len(journal) == 60
    # What was on the node was evaluated once more, and counted once.
    tries = [path.name.split("-")[0] for path in (chain / "log").iterdir()]
    assert len(set(tries)) == 60 < len(tries)


def test_as_many_run_at_once_as_the_cluster_has_resources_for(chain, cluster):
    (chain / "log").mkdir()
    look_up = looked_up(chain / "log")
    present = chain / "present"
    present.mkdir()

    def measured(arch):
        here = present / str(time.time_ns())
        here.touch()
        time.sleep(0.1)
        result = {**look_up(arch), "at_once": len(list(present.iterdir()))}
        here.unlink()
        return result

    search = ganas.Search("chain.toml", "random", queries=12, in_flight=4, metrics=["at_once"])
    asked = search.ask
    wanted = []
    search.ask = lambda n: wanted.append(n) or asked(n)
    ganas_ray.run(search, measured, resources={"num_cpus": 0.5, "resources": {"board": 1}})
    assert wanted[0] == 2 and search.history.at_once.max() == 2
    gigabytes = {"memory": ray.cluster_resources()["memory"] / 1.5}
    assert ganas_ray._room(ray, {"num_cpus": 1, **gigabytes}) == 1
    assert ganas_ray._room(ray, {"num_cpus": 1}) == 4


def test_failures_and_lost_workers_are_counted(chain, cluster):
    def evaluate_badly(arch):
        import os

        if str(arch)[0] == "a":
            raise ValueError("too small")
        if str(arch)[0] == "b":
            os._exit(1)
        return float(OPS.index(str(arch)[2]))

    search = ganas.Search("chain.toml", "random", queries=12, in_flight=3)
    ganas_ray.run(search, evaluate_badly, retries=1)
    frame = search.history
    first = frame.arch.str[0]
    assert (frame.failure.isna() == ~first.isin(["a", "b"])).all() and first.isin(["a"]).any()
    assert frame.failure[first == "a"].str.startswith("ValueError: too small\n").all()
    assert frame.failure[first == "b"].str.startswith("lost 2 times: ").all()
    assert len(frame) == 12


def test_an_interrupted_run_goes_on(chain, cluster):
    alone = ganas.Search("chain.toml", "evolution", queries=40)
    alone.maximize(evaluate)
    (chain / "log").mkdir()
    search = ganas.Search("chain.toml", "evolution", queries=40, dir="run")
    tell, told = search.tell, []

    def interrupted(arch, metrics):
        tell(arch, metrics)
        told.append(arch)
        if len(told) == 11:
            raise KeyboardInterrupt

    search.tell = interrupted
    with pytest.raises(KeyboardInterrupt):
        ganas_ray.run(search, looked_up(chain / "log"))
    search.close()
    again = ganas.Search.load("run")
    assert len(again.history) == 11
    ganas_ray.run(again, looked_up(chain / "log"))
    assert trace(again) == trace(alone)
