"""Commands and scripts of the documentation run."""

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import ganas
import ganas.ray
import pytest
from conftest import find_binary

ROOT = Path(__file__).parents[2]


def docstrings():
    yield "ganas", ganas.__doc__
    for name in ganas.__all__:
        thing = getattr(ganas, name)
        if isinstance(thing, str):
            continue
        yield name, thing.__doc__
        if isinstance(thing, type):
            for member in vars(thing):
                if not member.startswith("_"):
                    yield f"{name}.{member}", getattr(thing, member).__doc__
    yield "ray.run", ganas.ray.run.__doc__


def test_the_script_of_the_readme_runs(tmp_path):
    text = (ROOT / "README.md").read_text()
    (script,) = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert len(script.splitlines()) <= 10
    ran = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert "nor_conv_3x3" in ran.stdout


def test_everything_has_a_docstring():
    assert [name for name, text in docstrings() if not text] == []


@pytest.mark.parametrize("name, text", list(docstrings()))
def test_the_examples_of_docstrings(name, text):
    test = doctest.DocTestParser().get_doctest(text, {"ganas": ganas}, name, None, 0)
    said = []
    doctest.DocTestRunner().run(test, out=said.append)
    assert said == []


# What is shown and not run; any other block is run, or a comment above it says why not.
SHOWN = {"text", "toml", "json"}


def blocks(guide: str):
    """The commands and the scripts of a guide, in order, but for those below `<!-- not run: WHY -->`."""
    text = (ROOT / "docs" / "guide" / guide).read_text()
    found = []
    fences = re.compile(r"^[ ]*```[ ]*(.*?)[ ]*\n(.*?)^[ ]*```[ ]*$", re.DOTALL | re.MULTILINE)
    for block in fences.finditer(text):
        language, commands = block.groups()
        above = text[: block.start()].rstrip().rpartition("\n")[2]
        if re.fullmatch(r"<!-- not run: .+ -->", above) or language in SHOWN:
            continue
        assert language in ("sh", "python"), f"{guide}: what is to become of a block of `{language}`?"
        found.append((language, commands))
    return found


@pytest.mark.parametrize("guide", ["own-trainer.md", "configurations.md", "python.md", "ray.md"])
def test_the_guide_runs_as_it_stands(tmp_path, guide):
    binary = find_binary()
    if binary is None:
        pytest.skip("there is no binary")
    if guide == "ray.md":
        pytest.importorskip("ray.cluster_utils")
    if guide in ("own-trainer.md", "configurations.md"):
        pytest.importorskip("sklearn")
    folders = [os.path.dirname(sys.executable), os.path.dirname(binary), os.environ["PATH"]]
    env = {**os.environ, "PATH": os.pathsep.join(folders), "GANAS_CACHE": str(tmp_path)}
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    run = blocks(guide)
    assert len(run) >= 2
    for language, text in run:
        command = ["bash", "-euc", text] if language == "sh" else [sys.executable, "-c", text]
        ran = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
        assert ran.returncode == 0, f"{text}\n{ran.stdout}{ran.stderr}"
