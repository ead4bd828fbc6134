"""A network that normalises its images itself is right about raw pixels."""

import json
import zlib
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from conftest import ganas
from test_pytorch import load

DIGITS = Path(__file__).parents[3] / "ganas-data" / "data" / "digits.bin"


def digits():
    """All digits that are built in: pixels from 0 to 16, and classes."""
    data = np.frombuffer(zlib.decompress(DIGITS.read_bytes()), np.uint8)
    labels, pixels = data[:1797], data[1797:]
    return pixels.reshape(1797, 1, 8, 8).astype(np.float32), labels.astype(int)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digits") / "run"
    ganas("search", "--strategy", "random", "--queries", 3, "--quiet", "--out", folder)
    return folder


def of_onnx(run, options, out):
    path = out / "network.onnx"
    export(run, "onnx", path, options)
    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda images: session.run(["logits"], {"images": images})[0]


def of_pytorch(run, options, out):
    path = out / "network.py"
    export(run, "pytorch", path, options)
    module = load(path)
    assert module.CLASSES == [str(digit) for digit in range(10)]
    network = module.load_weights(module.Network(), run / "winner.safetensors").eval()
    with torch.no_grad():
        return lambda images: network(torch.from_numpy(images)).detach().numpy()


def export(run, form, out, options):
    weights = run / "winner.safetensors"
    ganas("export", run / "result.json", "--weights", weights, "--to", form, "--out", out, *options)


@pytest.mark.parametrize("of", [of_onnx, of_pytorch])
def test_raw_pixels_reach_the_accuracy_of_the_winner(run, of, tmp_path):
    winner = json.loads((run / "result.json").read_text())["winner"]
    pixels, classes = digits()

    def accuracy(options, images):
        logits = of(run, options, tmp_path)(images.astype(np.float32))
        return 100 * (logits.argmax(axis=1) == classes).mean()

    # On all digits, of which a fifth were for test.
    least = winner["test_accuracy"] - 1
    mean, std = (np.array(winner[name])[:, None, None] for name in ("mean", "std"))
    assert accuracy([], (pixels - mean) / std) >= least
    assert accuracy(["--normalize"], pixels) >= least
    assert accuracy(["--normalize=unit"], pixels / winner["pixel_max"]) >= least
    assert accuracy([], pixels) < least
