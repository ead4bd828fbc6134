"""PyTorch modules have the size of ours, are trained, and compute what ours do."""

import importlib.util

import numpy as np
import torch


def load(path):
    """A Python file as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def count(network):
    return sum(p.numel() for p in network.parameters())


def test_it_has_our_parameters_and_is_trained(case, tmp_path):
    module = load(case.export("pytorch", tmp_path / "network.py", *case.options()))
    network = module.Network()
    assert count(network) == case.params
    images, _ = case.io()
    before = [p.clone() for p in network.parameters()]
    step = torch.optim.SGD(network.parameters(), lr=0.1)
    logits = network(torch.from_numpy(images))
    assert logits.shape == (len(images), case.classes)
    torch.nn.functional.cross_entropy(logits, torch.zeros(len(images), dtype=int)).backward()
    step.step()
    moved = [not torch.equal(a, b) for a, b in zip(before, network.parameters())]
    # The last is the classifier's bias, which learns even where a cell passes nothing on.
    assert moved[-1]
    assert all(torch.isfinite(p).all() for p in network.parameters())


def test_the_benchmarks_own_network_is_the_default(case, tmp_path):
    if case.width:
        return
    network = load(case.export("pytorch", tmp_path / "network.py")).Network()
    assert count(network) == case.params
    if case.cost is not None:
        unit = 1e6 if case.space == "accel-nasbench" else 1
        assert count(network) == round(case.cost * unit)


def test_with_our_weights_it_computes_what_ours_does(case, tmp_path):
    options = ["--weights", case.weights, *case.options()]
    module = load(case.export("pytorch", tmp_path / "network.py", *options))
    network = module.load_weights(module.Network(), case.weights).eval()
    images, expected = case.io()
    with torch.no_grad():
        logits = network(torch.from_numpy(images)).numpy()
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-4)


def test_a_file_is_readable(case, tmp_path):
    text = case.export("pytorch", tmp_path / "network.py").read_text()
    # A mobile network has a line for each of up to 21 layers.
    assert len(text.splitlines()) < 260
    arch = f"\n{case.arch}\n"
    assert all(len(line) <= 100 for line in text.replace(arch, "").splitlines())
