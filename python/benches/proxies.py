"""Zero-cost proxies by PyTorch, to compare those of `ganas proxies` with.

    python benches/proxies.py GANAS [REFERENCE.json]

Exports small networks by the program GANAS, gives them weights by a formula, and computes the proxies by the
definitions of their papers: hooks on modules, autograd, NumPy. The file is the reference of
`crates/ganas-train/src/proxies/tests.rs`, which knows the same formula.
"""

import copy
import json
import math
import subprocess
import sys
import types

import numpy as np
import torch
from torch import nn

BATCH, CLASSES = 8, 10
DARTS = (
    "Genotype(normal=[('sep_conv_3x3', 0), ('dil_conv_5x5', 1), ('sep_conv_5x5', 0), ('max_pool_3x3', 1), "
    "('skip_connect', 2), ('dil_conv_3x3', 1), ('sep_conv_3x3', 3), ('avg_pool_3x3', 4)], "
    "normal_concat=range(2, 6), reduce=[('sep_conv_3x3', 0), ('skip_connect', 1), ('max_pool_3x3', 0), "
    "('dil_conv_3x3', 2), ('sep_conv_5x5', 1), ('skip_connect', 3), ('avg_pool_3x3', 2), ('dil_conv_5x5', 0)], "
    "reduce_concat=range(2, 6))"
)
NETWORKS = [
    # Space, architecture, width, depth, side of the images.
    ("nasbench201", "|nor_conv_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_3x3~1|skip_connect~2|", 4, 1, 8),
    ("nasbench101", "resnet", 8, 1, 8),
    ("darts", DARTS, 4, 3, 16),
    ("accel-nasbench", "e6_k5_l1_se1;e1_k5_l2_se0;e1_k3_l1_se1;e1_k5_l1_se0;e1_k3_l1_se0;e4_k3_l1_se0;e4_k5_l1_se1", 8, None, 32),
]
# `nn.ReLU` calls `torch.relu`, as some modules do without it.
ACTIVATIONS = (nn.ReLU6, nn.SiLU, nn.Hardswish)


def numbers(count, salt):
    """Numbers of mean 0 and variance 1."""
    angle = 12.9898 * np.arange(1, count + 1) + 78.233 * salt
    wave = np.sin(angle) * 43758.5453
    return (wave - np.floor(wave) - 0.5) * math.sqrt(12)


def salt_of(name):
    return sum(name.encode()) % 997


def images(side, salt):
    values = numbers(BATCH * side * side * 3, salt).astype(np.float32)
    return torch.from_numpy(values).reshape(BATCH, side, side, 3).permute(0, 3, 1, 2).contiguous()


def exported(ganas, space, arch, width, depth, side):
    words = [ganas, "export", arch, "--space", space, "--to", "pytorch", "--classes", str(CLASSES)]
    words += ["--width", str(width), "--image-size", str(side)]
    words += ["--depth", str(depth)] if depth else []
    text = subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout.decode()
    module = types.ModuleType("exported")
    exec(text, module.__dict__)
    return module


def with_weights(module, gaussian):
    """The network with weights by the formula: those of kernels by He et al. (2015), or of variance 1."""
    network = module.Network().train()
    state = network.state_dict()
    for name, value in state.items():
        if name.endswith(("running_mean", "running_var", "num_batches_tracked")):
            continue
        key = name
        for theirs, ours in module.NAMES:
            key = key.replace(theirs, ours)
        values = numbers(value.numel(), salt_of(key))
        if value.dim() == 1:
            # Batch norm, and biases.
            values = 0.1 * values + (1.0 if key.endswith(".scale") else 0.0)
            state[name] = torch.from_numpy(values.astype(np.float32))
            continue
        shape = value.shape if value.dim() == 4 else (*value.shape, 1, 1)
        outputs, inputs, height, width = shape
        is_depthwise = key.endswith(".depthwise")
        scale = 1.0 if gaussian else math.sqrt(2 / (height * width * inputs))
        ours = (height, width, outputs if is_depthwise else inputs, 1 if is_depthwise else outputs)
        tensor = torch.from_numpy((scale * values).astype(np.float32)).reshape(ours)
        axes = (2, 3, 0, 1) if is_depthwise else (3, 2, 0, 1)
        state[name] = tensor.permute(axes).reshape(value.shape).contiguous()
    network.load_state_dict(state)
    return network


def kernels(network):
    return [m for m in network.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]


def nwot(network, x):
    kernel = np.zeros((BATCH, BATCH))

    def count(_, inputs, output):
        code = (inputs[0].reshape(BATCH, -1) > 0).double()
        kernel.__iadd__((code @ code.T + (1 - code) @ (1 - code).T).numpy())
        return output

    hooks = [m.register_forward_hook(count) for m in network.modules() if isinstance(m, ACTIVATIONS)]
    own = torch.relu
    torch.relu = lambda x: count(None, [x], own(x))
    with torch.no_grad():
        network(x)
    torch.relu = own
    for hook in hooks:
        hook.remove()
    return np.linalg.slogdet(kernel)[1]


def synflow(network, x):
    network = copy.deepcopy(network).double()
    for module in network.modules():
        for name, child in module.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(module, name, nn.Identity())
    with torch.no_grad():
        for weight in network.parameters():
            weight.abs_()
    network(torch.ones(1, *x.shape[1:], dtype=torch.float64)).sum().backward()
    return sum((m.weight * m.weight.grad).abs().sum().item() for m in kernels(network) if m.weight.grad is not None)


def of_loss(network, x, labels):
    network.zero_grad()
    nn.functional.cross_entropy(network(x), labels).backward()
    return [m.weight for m in kernels(network) if m.weight.grad is not None]


def snip(network, x, labels):
    return sum((w * w.grad).abs().sum().item() for w in of_loss(network, x, labels))


def grad_norm(network, x, labels):
    return sum(w.grad.norm().item() for w in of_loss(network, x, labels))


def jacov(network, x):
    x = x.clone().requires_grad_(True)
    y = network(x)
    y.backward(torch.ones_like(y))
    values, _ = np.linalg.eig(np.corrcoef(x.grad.reshape(BATCH, -1).double().numpy()))
    values = values.real + 1e-5
    return -np.sum(np.log(values) + 1 / values)


def features(network, x):
    """What the classifier pools."""
    kept = []
    hooks = [
        m.register_forward_hook(lambda _, inputs, output: kept.append(inputs[0]))
        for m in network.modules()
        if isinstance(m, nn.AdaptiveAvgPool2d)
    ]
    own = torch.Tensor.mean

    def mean(self, *args, **options):
        if options.get("dim") == (2, 3) and not options.get("keepdim"):
            kept.append(self)
        return own(self, *args, **options)

    torch.Tensor.mean = mean
    with torch.no_grad():
        network(x)
    torch.Tensor.mean = own
    for hook in hooks:
        hook.remove()
    return kept[-1]


def zen(network, x, noise):
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    for norm in norms:
        # Running moments are then those of the last batch.
        norm.momentum = 1.0
    moved = features(network, x + 0.01 * noise)
    still = features(network, x)
    change = (still - moved).abs().sum(dim=(1, 2, 3)).mean()
    return (change.log() + sum(norm.running_var.mean().sqrt().log() for norm in norms)).item()


def main():
    ganas = sys.argv[1]
    records = []
    for space, arch, width, depth, side in NETWORKS:
        module = exported(ganas, space, arch, width, depth, side)
        network, gaussian = with_weights(module, False), with_weights(module, True)
        x, labels = images(side, 1), torch.arange(BATCH) % CLASSES
        values = {
            "nwot": nwot(network, x),
            "synflow": synflow(network, x),
            "jacov": jacov(network, x),
            "snip": snip(network, x, labels),
            "grad-norm": grad_norm(network, x, labels),
            "zen": zen(gaussian, images(side, 2), images(side, 3)),
        }
        record = {"space": space, "arch": arch, "width": width, "depth": depth, "side": side, "values": values}
        records.append(record)
        print(space, {name: round(value, 6) for name, value in values.items()})
    if len(sys.argv) > 2:
        about = {"written_by": "python/benches/proxies.py", "torch": torch.__version__, "batch": BATCH, "classes": CLASSES}
        with open(sys.argv[2], "w") as file:
            json.dump({**about, "networks": records}, file, indent=1)
            file.write("\n")


main()
