"""ONNX models are valid and compute what our networks do."""

import numpy as np
import onnx
import onnxruntime
import pytest
from conftest import ganas


def run(path, images):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(["logits"], {"images": images})[0]


def test_with_our_weights_it_computes_what_ours_does(case, tmp_path):
    options = ["--weights", case.weights, *case.options()]
    path = case.export("onnx", tmp_path / "network.onnx", *options)
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert [s.version for s in model.opset_import] == [17]
    assert model.ir_version == 8
    assert {e.key: e.value for e in model.metadata_props}["arch"] == case.arch
    images, expected = case.io()
    np.testing.assert_allclose(run(path, images), expected, rtol=1e-4, atol=1e-4)
    # The batch may have any size.
    np.testing.assert_allclose(run(path, images[:1]), expected[:1], rtol=1e-4, atol=1e-4)


def test_sizes_follow_from_the_weights(case, tmp_path):
    """All but the size of the images, and the depth where no op of a cell has weights."""
    depth = ["--depth", case.depth] if case.depth else []
    options = ["--weights", case.weights, *depth, "--image-size", case.pixels]
    path = case.export("onnx", tmp_path / "network.onnx", *options)
    images, expected = case.io()
    np.testing.assert_allclose(run(path, images), expected, rtol=1e-4, atol=1e-4)


def test_fresh_weights_follow_from_the_seed(case, tmp_path):
    options = [*case.options(), "--seed"]
    first, again, other = [
        case.export("onnx", tmp_path / f"{i}.onnx", *options, seed).read_bytes()
        for i, seed in enumerate([3, 3, 4])
    ]
    assert first == again != other
    assert onnx.checker.check_model(first) is None


def test_an_architecture_comes_back_from_json(case, tmp_path):
    path = case.export("json", tmp_path / "arch.json")
    space = ["--space", case.space] if case.space.endswith(".toml") else []
    assert ganas("export", path, *space, "--to", "json") == path.read_bytes()


@pytest.fixture(autouse=True)
def quiet():
    """The runtime's hints about unused parts are of no use here."""
    onnxruntime.set_default_logger_severity(3)
