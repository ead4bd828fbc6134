"""Parts of the package beside searches: the command, reports, exports, and types."""

import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import ganas
import pytest
from conftest import evaluate

PYTHON = Path(__file__).parents[1]


def command(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-m", "ganas", *words], capture_output=True, text=True)


def test_the_command_comes_with_the_package(chain):
    ran = command("--version")
    assert ran.returncode == 0 and ran.stdout.startswith(f"ganas {ganas.__version__}")
    options = ["--space", "chain.toml", "--table", "chain.csv", "--objective", "accuracy"]
    ran = command("search", *options, "--queries", "30", "--out", "run", "--quiet")
    assert (ran.returncode, ran.stderr) == (0, "")
    # It is on record as it was typed, so that either program goes on with it.
    with ganas.Search.load("run", queries=35) as search:
        assert search.run().value > 0 and len(search.history) == 35
    ran = command("search", "--space", "chain.toml", "--queries", "many")
    assert ran.returncode == 2 and len(ran.stderr.splitlines()) == 1
    project = (PYTHON / "pyproject.toml").read_text()
    assert '[project.scripts]\nganas = "ganas._command:main"\n' in project


def test_reports_are_written(chain):
    search = ganas.Search("chain.toml", queries=20, dir="run")
    search.maximize(evaluate)
    search.close()
    assert ganas.report("run") == Path("run/report.html")
    page = ganas.report(["run"], out="page.html", title="A title of mine")
    assert "A title of mine" in page.read_text()
    with pytest.raises(ValueError, match="nowhere"):
        ganas.report("nowhere")


def test_architectures_are_exported(chain):
    arch = ganas.Space("chain.toml").parse("a;b;c;d")
    assert ganas.export(arch, "svg").startswith("<svg")
    assert ganas.export("a;b;c;d", "text", space="chain.toml") == ganas.export(arch, "text")
    written = ganas.export("resnet", "onnx", "resnet.onnx", space="nasbench101", width=4, depth=1)
    assert isinstance(written, bytes) and Path("resnet.onnx").read_bytes() == written
    with pytest.raises(ValueError, match="name it with `space`"):
        ganas.export("resnet", "svg")
    with pytest.raises(ValueError, match="nothing says how images"):
        ganas.export("resnet", "pytorch", space="nasbench101", normalize=True)


def test_a_script_that_is_run_again_goes_on(chain):
    options = {"queries": 40, "seed": 3, "dir": "run"}
    search = ganas.Search("chain.toml", **options)
    for arch in search.ask(7):
        search.tell(arch, evaluate(arch))
    search.close()
    with pytest.raises(ValueError, match="`resume=True` goes on with it"):
        ganas.Search("chain.toml", **options)
    with pytest.raises(ValueError, match="other settings .*seed=3, seed=4.*; give the same"):
        ganas.Search("chain.toml", resume=True, **{**options, "seed": 4})
    again = ganas.Search("chain.toml", resume=True, **options)
    assert len(again.history) == 7
    found = again.maximize(evaluate)
    again.close()
    whole = ganas.Search("chain.toml", queries=40, seed=3, resume=True, dir="whole")
    assert whole.maximize(evaluate) == found
    # Once it is over, too.
    assert ganas.Search("chain.toml", resume=True, **options).maximize(evaluate) == found


def test_callbacks_are_told_of_each_evaluation(chain):
    search = ganas.Search("chain.toml", "random", queries=12)
    seen = []

    def broken(arch):
        if len(seen) == 3:
            raise ArithmeticError("too hard")
        return {"accuracy": evaluate(arch)}

    def watch(of, evaluation):
        assert of is search
        seen.append(evaluation)
        if evaluation.number == 8:
            raise StopAsyncIteration

    with pytest.raises(StopAsyncIteration):
        search.maximize(broken, callbacks=watch)
    assert len(search.history) == 8
    search.maximize(broken, callbacks=[watch], workers=2)
    assert [evaluation.number for evaluation in seen] == list(range(1, 13))
    assert seen[3].failure.startswith("ArithmeticError: too hard") and not seen[3].compliant
    assert seen[0].metrics["accuracy"] == evaluate(seen[0].arch) and seen[0].failure is None


def test_progress_says_which_way(chain, capsys):
    ganas.Search("chain.toml", "random", queries=9).maximize(evaluate)
    assert capsys.readouterr().err == ""
    search = ganas.Search("chain.toml", "random", queries=9)
    best = search.minimize(evaluate, progress=True)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "minimize accuracy in chain: 9 queries"
    assert re.fullmatch(r"\d/9  best .+", lines[-1]) and f"best {best.value:.6g} by" in lines[-1]


def dies(arch):
    if str(arch) == os.environ["DEADLY"]:
        os._exit(7)
    return evaluate(arch)


def test_workers_can_be_processes(chain, monkeypatch):
    one = ganas.Search("chain.toml", "random", queries=12, seed=1)
    one.maximize(evaluate)
    two = ganas.Search("chain.toml", "random", queries=12, seed=1)
    assert two.maximize(evaluate, workers=2, processes=True) == one.best
    deadly = list(one.history.arch)[5]
    monkeypatch.setenv("DEADLY", deadly)
    three = ganas.Search("chain.toml", "random", queries=12, seed=1)
    three.maximize(dies, workers=2, processes=True)
    failed = three.history[three.history.failure.notna()]
    assert list(failed.arch) == [deadly] and "died twice" in failed.failure.iloc[0]
    with pytest.raises(ValueError, match="top level of a module"):
        two = ganas.Search("chain.toml", "random", queries=3)
        two.maximize(lambda arch: 1, processes=True)


def test_notebooks_show_what_was_found(chain):
    search = ganas.Search("chain.toml", "random", queries=9)
    assert "0 of 9" in search._repr_html_()
    best = search.maximize(evaluate)
    shown = search._repr_html_()
    assert "9 of 9" in shown and "<svg" in shown and "polyline" in shown
    assert str(best.arch) in best._repr_html_() and "params" in best._repr_html_()
    assert best.arch._repr_svg_() == best.arch.to_svg()


def test_nothing_that_complies_is_an_error_of_its_own(chain):
    search = ganas.Search("chain.toml", "random", queries=4, constraints=["latency < 0"])
    with pytest.raises(ganas.NothingFound, match="none of 4 architectures keeps all constraints"):
        search.maximize(lambda arch: {"accuracy": 1.0, "latency": 1.0})
    assert search.best is None


@pytest.mark.parametrize(
    "call",
    [
        lambda: ganas.Search("chain.toml", queries=0),
        lambda: ganas.Search("chain.toml", start=["a;a"]),
        lambda: ganas.Search("chain.toml", objective="accuracy", table="chain.csv", start=["a;a"]),
        lambda: ganas.Search("chain.toml", table="chain.csv", objective="acc"),
        lambda: ganas.Search("chain.toml", strategy="x"),
        lambda: ganas.Search("chain.toml", sampler="x"),
        lambda: ganas.Search("chain.toml", dir="chain.toml"),
        lambda: ganas.Search("chain.toml", history="chain.toml"),
        lambda: ganas.Search("chain.toml", settings={"x": 1}),
        lambda: ganas.bench("chain.toml", "chain.csv", "accuracy", ["x"], 3, 3),
        lambda: ganas.bench("chain.toml", "chain.csv", "accuracy", ["random"], 3, 0),
        lambda: ganas.export("a;b", "svg", space="chain.toml"),
        lambda: ganas.export("a;b;c;d", "json", space="chain.toml", width=3),
    ],
)
def test_errors_do_not_speak_of_the_command_line(chain, call):
    with pytest.raises(ValueError) as error:
        call()
    said = re.sub(r"(?:/[\w.-]+)+", "", str(error.value))
    assert not re.search(r"(^|[\s`(])--\w", said), said


def test_notes_do_not_speak_of_the_command_line(chain):
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        ganas.Search("chain.toml", constraints=["params <= 15"], queries=3)
        ganas.Search("chain.toml", table="chain.csv", queries=3)
    assert not any(" --" in str(note.message) or "`--" in str(note.message) for note in notes)


def test_what_the_guide_says_passes_mypy(tmp_path):
    pytest.importorskip("mypy")
    text = (PYTHON.parent / "docs" / "guide" / "python.md").read_text()
    scripts = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    scripts.append(
        "import ganas\n"
        'search = ganas.Search("nasbench201")\n'
        "best = search.maximize(lambda arch: arch.costs['params'])\n"
        "print(best.value + 1, best.arch.ops)\n"
    )
    assert len(scripts) > 5
    for i, script in enumerate(scripts):
        (tmp_path / f"script{i}.py").write_text(script)
    files = [*map(str, sorted(tmp_path.glob("script*.py"))), "-p", "ganas"]
    # Scripts share a name, and are checked one by one.
    for file in files[:-2]:
        check(tmp_path, file)
    check(tmp_path, "-p", "ganas")


def check(folder: Path, *what: str) -> None:
    options = ["--ignore-missing-imports", "--check-untyped-defs", "--cache-dir", str(folder)]
    ran = subprocess.run(
        [sys.executable, "-m", "mypy", *options, *what], capture_output=True, text=True, cwd=folder
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
