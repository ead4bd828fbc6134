"""A folder of small inputs, and the binary to compare with."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

OPS = "abcde"

# Programs that a shell starts in the background ignore Ctrl-C, and so would those that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


def accuracy(text: str) -> float:
    """The accuracy of a chain in the table, different for each; the best is 62.4."""
    number = 0
    for op in text.split(";"):
        number = 5 * number + OPS.index(op)
    return number * 89 % 625 / 10


def evaluate(arch) -> float:
    """The row of an architecture in the table."""
    return accuracy(str(arch))


def find_binary() -> str | None:
    target = os.environ.get("CARGO_TARGET_DIR") or Path(__file__).parents[2] / "target"
    built = Path(target) / "release" / "ganas"
    return os.environ.get("GANAS_BIN") or (str(built) if built.exists() else shutil.which("ganas"))


@pytest.fixture
def chain(tmp_path, monkeypatch) -> Path:
    """A folder to work in, with `chain.toml` and a table of all its 625 architectures."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANAS_CACHE", str(tmp_path / "cache"))
    Path("chain.toml").write_text(
        'name = "chain"\nkind = "chain"\nlength = 4\nops = ["a", "b", "c", "d", "e"]\n'
        "[metrics]\nparams = { a = 1, b = 2, c = 3, d = 4, e = 5 }\n"
    )
    rows = ["arch,accuracy,latency"]
    for i in range(625):
        arch = ";".join(OPS[i // d % 5] for d in (125, 25, 5, 1))
        rows.append(f"{arch},{accuracy(arch)},{i % 25}")
    Path("chain.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


@pytest.fixture
def binary():
    """Runs the binary with arguments, and returns the completed process."""
    path = find_binary()
    if path is None:
        pytest.skip("there is no binary: build it, or name it in GANAS_BIN")

    def run(*args: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        ran = subprocess.run([path, *args], capture_output=True, text=True)
        assert ran.returncode == code, ran.stderr
        return ran

    return run
