"""The example workers, with stand-ins for the packages that they ask."""

import json
import subprocess
import sys
from pathlib import Path

from test_search import written

EXAMPLES = Path(__file__).parents[2] / "examples"

NASBENCH301 = '''
class Model:
    def __init__(self, folder):
        self.folder = folder

    def predict(self, config, representation, with_noise=None):
        assert representation == "genotype" and config.normal_concat == [2, 3, 4, 5]
        assert all(isinstance(op, str) and node < 5 for op, node in config.normal + config.reduce)
        assert len(config.normal) == len(config.reduce) == 8
        if self.folder == "runtime":
            assert with_noise is None
            return 100.0
        assert with_noise is False
        return 90.0 + sum(op == "sep_conv_3x3" for op, _ in config.normal)


def load_ensemble(folder):
    print("loading", folder)
    if folder == "missing":
        raise FileNotFoundError(folder)
    return Model(folder)
'''

NATS = '''
class Api:
    def __init__(self, space):
        self.space = space

    def query_index_by_arch(self, arch):
        parts = arch.split(":") if self.space == "sss" else arch.split("|")
        return len(arch) if len(parts) > 4 else -1

    def get_more_info(self, index, dataset, iepoch=None, hp="12", is_random=True):
        assert (dataset, hp, is_random) == ("cifar10-valid", "12", False)
        return {"train-loss": 0.5, "valid-accuracy": float(index), "test-accuracy": None}

    def get_cost_info(self, index, dataset, hp="12"):
        return {"flops": 10.0, "params": 0.1, "latency": 0.01}


def create(path, space, fast_mode=False, verbose=True):
    assert fast_mode and not verbose and path == "archive"
    return Api(space)
'''


def command(worker: str, *args: str) -> str:
    return " ".join([sys.executable, str(EXAMPLES / worker), *args])


def test_nasbench301(chain, binary, monkeypatch):
    Path("stand").mkdir()
    Path("stand/nasbench301.py").write_text(NASBENCH301)
    monkeypatch.setenv("PYTHONPATH", "stand")
    search = ["search", "--space", "nasbench301", "--strategy", "random", "--queries", "20"]
    worker = command("nasbench301_worker.py", "xgb", "runtime")
    binary(*search, "--command", worker, "--constraint", "seconds <= 200", "--out", "run")
    rows = written("run")
    assert len(rows) == 20
    for _, _, arch, accuracy in rows:
        normal = arch.split("normal_concat")[0]
        assert accuracy == 90 + normal.count("sep_conv_3x3")
    worker = command("nasbench301_worker.py", "missing")
    ran = binary(*search, "--command", worker, "--out", "broken", code=2)
    assert "no worker gets ready" in ran.stderr
    assert "nasbench301.download_models" in Path("broken/worker-0.log").read_text()


def test_nats(chain, binary, monkeypatch):
    Path("stand").mkdir()
    Path("stand/nats_bench.py").write_text(NATS)
    monkeypatch.setenv("PYTHONPATH", "stand")
    worker = command("nats_worker.py", "archive", "cifar10-valid", "12")
    for space in ["nasbench201", str(EXAMPLES / "nats_sss.toml")]:
        out = Path(space).stem
        search = ["search", "--space", space, "--strategy", "random", "--queries", "20"]
        binary(*search, "--command", worker, "--objective", "valid_accuracy", "--out", out)
        rows = written(out, "valid_accuracy")
        assert len(rows) == 20 and all(len(arch) == value for _, _, arch, value in rows)


def test_without_the_packages(chain, binary, monkeypatch):
    Path("stand").mkdir()
    for name in ["nasbench301", "nats_bench"]:
        Path(f"stand/{name}.py").write_text("raise ImportError('it is not here')")
    monkeypatch.setenv("PYTHONPATH", "stand")
    for worker, args, package in [
        ("nasbench301_worker.py", ["xgb"], "nasbench301"),
        ("nats_worker.py", ["archive", "cifar10", "12"], "nats_bench"),
    ]:
        out = f"run-{package}"
        search = ["search", "--space", "nasbench201", "--queries", "5", "--out", out]
        binary(*search, "--command", command(worker, *args), code=2)
        log = Path(out, "worker-0.log").read_text()
        assert f"`pip install {package}`" in log and "Traceback" not in log


NATS_TABLE = '''
class Api:
    def __init__(self, part):
        self.archs = ["8:16:24:32:64", "8:8:8:8:8"] if part == "sss" else [
            "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|",
            "|none~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|",
        ]

    def __len__(self):
        return len(self.archs)

    def arch(self, index):
        return self.archs[index]

    def get_more_info(self, index, dataset, iepoch=None, hp="12", is_random=True):
        print("the package prints")
        return {"train-loss": 0.5, "valid-accuracy": 90.0 + index, "test-accuracy": None}

    def get_cost_info(self, index, dataset, hp="12"):
        return {"flops": 10.0, "params": 0.1, "latency": 0.01}


def create(path, part, fast_mode=False, verbose=True):
    return Api(part)
'''


def test_nats_as_a_table(chain, binary, monkeypatch):
    Path("stand").mkdir()
    Path("stand/nats_bench.py").write_text(NATS_TABLE)
    monkeypatch.setenv("PYTHONPATH", "stand")
    for archive, space in [("NATS-sss", str(EXAMPLES / "nats_sss.toml")), ("NATS-tss", "nasbench201")]:
        words = [sys.executable, str(EXAMPLES / "nats_table.py"), archive, "cifar10-valid", "12"]
        Path("nats.csv").write_bytes(subprocess.run(words, check=True, capture_output=True).stdout)
        info = json.loads(binary("table", "info", "nats.csv", "--space", space, "--json").stdout)
        assert info["rows"] == 2
        assert info["columns"][0]["name"] == "valid_accuracy" and info["columns"][0]["max"] == 91
