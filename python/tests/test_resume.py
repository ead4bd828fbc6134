"""Interrupted searches end like uninterrupted ones."""

import csv
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import ganas
import pytest
from conftest import evaluate
from test_search import CHAIN, trace

# Goes on with the search of a folder, or begins it.
SCRIPT = """
import pathlib, sys, time
import ganas
sys.path.insert(0, {tests!r})
from conftest import evaluate

def slowly(arch):
    time.sleep({pause})
    return evaluate(arch)

folder = pathlib.Path("run")
if (folder / "settings.json").exists():
    search = ganas.Search.load(folder)
else:
    search = ganas.Search("chain.toml", {strategy!r}, queries={queries}, seed=5, dir=folder)
print("began", flush=True)
search.maximize(slowly)
search.close()
"""


def start(**options) -> subprocess.Popen:
    defaults = {"strategy": "ga-nas", "queries": 120, "pause": 0, "tests": os.path.dirname(__file__)}
    script = SCRIPT.format(**{**defaults, **options})
    return subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def same(one: str, other: str) -> None:
    assert untimed(one) == untimed(other)
    assert Path(one, "rounds.jsonl").read_bytes() == Path(other, "rounds.jsonl").read_bytes()


def untimed(folder: str) -> list[dict[str, str]]:
    """The rows of `evaluations.csv` without the time that evaluations took."""
    with open(Path(folder, "evaluations.csv")) as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row.pop("evaluation_seconds", None)  # Where a table evaluates, there is none.
    return rows


def whole(strategy: str, queries: int = 120) -> None:
    with ganas.Search("chain.toml", strategy, queries=queries, seed=5, dir="whole") as search:
        search.maximize(evaluate)


def wait_for(lines: int, process: subprocess.Popen) -> None:
    """Waits until the journal has a number of lines."""
    journal = Path("run/journal.jsonl")
    while process.poll() is None:
        if journal.exists() and journal.read_bytes().count(b"\n") >= lines:
            return
        time.sleep(0.002)


def test_a_search_that_was_closed_goes_on(chain):
    whole("ga-nas")
    search = ganas.Search("chain.toml", queries=120, seed=5, dir="run")
    evaluated = []
    for batch in (13, 1, 30):
        for arch in search.ask(batch):
            search.tell(arch, evaluate(arch))
            evaluated.append(arch)
        lost = search.ask(2)
        search.close()
        search = ganas.Search.load("run")
        # What had only been asked for is asked for again.
        assert search.ask(len(lost)) == lost
        for arch in lost:
            search.put_back(arch)
        assert len(search.history) == len(evaluated)
    search.maximize(lambda arch: evaluated.append(arch) or evaluate(arch))
    assert len(evaluated) == len(set(evaluated)) == 120
    search.close()
    same("run", "whole")


@pytest.mark.parametrize("strategy", ["ga-nas", "evolution"])
def test_killed_again_and_again(chain, strategy):
    whole(strategy)
    moments = random.Random(strategy)
    lines, kills = 1, 0
    while True:
        process = start(strategy=strategy, pause=0.001)
        lines += moments.randrange(5, 25)
        wait_for(lines, process)
        process.kill()
        _, said = process.communicate()
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL, said
        kills += 1
    assert kills > 3
    same("run", "whole")


def test_ctrl_c_stops_at_once_and_loses_nothing(chain):
    whole("ga-nas")
    process = start(pause=0.01)
    wait_for(20, process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert "KeyboardInterrupt" in said and process.returncode != 0
    kept = Path("run/journal.jsonl").read_text()
    assert 20 <= kept.count("\n") < 120
    process = start()
    assert process.communicate()[1] == "" and process.returncode == 0
    assert Path("run/journal.jsonl").read_text().startswith(kept)
    same("run", "whole")


def test_ctrl_c_while_the_search_is_thinking(chain):
    # Nothing is ever told, so all the time goes into waiting for the strategy.
    code = (
        "import ganas, time\n"
        "search = ganas.Search('nasbench101', 'ga-nas', queries=5000, settings={'initial': 4000})\n"
        "def ask():\n"
        "    while True:\n"
        "        for arch in search.ask(500):\n"
        "            search.tell(arch, arch.costs['params'])\n"
        "print('began', flush=True)\n"
        "ask()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "began\n"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert said.strip().endswith("KeyboardInterrupt")


def test_an_interrupted_call_goes_on(chain):
    whole("evolution")
    search = ganas.Search("chain.toml", "evolution", queries=120, seed=5, dir="run")
    calls = []

    def interrupted(arch):
        calls.append(arch)
        if len(calls) in (7, 60):
            raise KeyboardInterrupt
        return evaluate(arch)

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            search.maximize(interrupted)
    search.maximize(interrupted, workers=2)
    assert calls[6] == calls[7] and len(search.history) == 120
    search.close()
    same("run", "whole")


def test_either_program_goes_on_with_a_table(chain, binary):
    binary(*CHAIN, "--queries", "80", "--out", "whole")
    table = {"table": "chain.csv", "dir": "run"}
    ganas.Search("chain.toml", queries=30, **table).run()
    assert "finished after 30 queries" in binary("resume", "run").stdout
    binary("resume", "run", "--queries", "50")
    with ganas.Search.load("run", queries=80) as search:
        search.run()
    same("run", "whole")


def test_what_the_binary_began_is_loaded_where_it_was_begun(chain, binary, monkeypatch):
    binary(*CHAIN, "--queries", "30", "--out", "run")
    binary(*CHAIN, "--queries", "60", "--out", "whole")
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    with pytest.raises(ValueError, match="change to that folder first"):
        ganas.Search.load("../run", queries=60)
    monkeypatch.chdir("..")
    with ganas.Search.load("run", queries=60) as search:
        search.run()
        assert len(trace(search)) == 60
    same("run", "whole")


def test_the_binary_says_who_has_to_evaluate(chain, binary):
    with ganas.Search("chain.toml", queries=20, dir="run") as search:
        search.tell(search.ask()[0], 1)
    ran = binary("resume", "run", code=2)
    assert "come from python" in ran.stderr and "`ganas.Search.load(DIR)`" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert len(ganas.Search.load("run").history) == 1


def test_a_folder_is_written_by_one_search_at_a_time(chain):
    search = ganas.Search("chain.toml", queries=20, dir="run")
    search.ask()
    with pytest.raises(ValueError, match="already holds a run"):
        ganas.Search("chain.toml", queries=20, dir="run")
    with pytest.raises(ValueError, match="another process is at work"):
        ganas.Search.load("run")
    search.close()
    assert ganas.Search.load("run").ask(20)
    with pytest.raises(ValueError, match="cannot have fewer"):
        ganas.Search.load("run", queries=10)


def test_a_run_is_loaded_from_any_folder(chain, monkeypatch):
    whole("evolution")
    with ganas.Search("chain.toml", "evolution", queries=120, seed=5, dir="run") as search:
        for arch in search.ask(3):
            search.tell(arch, evaluate(arch))
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    with ganas.Search.load("../run") as search:
        search.maximize(evaluate)
    monkeypatch.chdir("..")
    same("run", "whole")
