#!/usr/bin/env python3
"""A worker that asks the official package `nats_bench` for the topology or the size space.

    pip install nats_bench
    ganas search --space nasbench201 --objective valid_accuracy \\
        --command "python3 examples/nats_worker.py NATS-tss-v1_0-3ffb9-simple cifar10-valid 12"
    ganas search --space examples/nats_sss.toml --objective valid_accuracy \\
        --command "python3 examples/nats_worker.py NATS-sss-v1_0-50262-simple cifar10-valid 12"

The arguments are the unpacked archive, the dataset (cifar10-valid, cifar10, cifar100 or
ImageNet16-120) and the epochs of the trainings: 12 or 200 of the topologies, 01, 12 or 90 of the
sizes. Metrics are means over the trainings: `valid_accuracy`, `test_accuracy` and `train_loss` as far
as the benchmark has them, `train_seconds` of one training, and the benchmark's own `mega_flops`,
`mega_params` and `latency`. A topology is a cell of `nasbench201`; a size is a chain of
`examples/nats_sss.toml`.

What was tested: the protocol and the strings that are handed over, with a stand-in that has the
functions of the package, version 1.8. The package itself was not run on its data, which is a download
of its own.
"""
import json
import sys

NAMES = {
    "valid-accuracy": "valid_accuracy",
    "test-accuracy": "test_accuracy",
    "train-loss": "train_loss",
    "train-all-time": "train_seconds",
    "flops": "mega_flops",
    "params": "mega_params",
    "latency": "latency",
}


def measure(api, arch, dataset, epochs):
    """The benchmark's metrics of an architecture."""
    index = api.query_index_by_arch(arch)
    if index < 0:
        raise LookupError(f"the benchmark has no {arch}")
    found = api.get_more_info(index, dataset, hp=epochs, is_random=False)
    found.update(api.get_cost_info(index, dataset, hp=epochs))
    metrics = {name: found[key] for key, name in NAMES.items() if found.get(key) is not None}
    return {name: float(value) for name, value in metrics.items()}


def say(**message):
    print(json.dumps(message, default=float), file=out, flush=True)  # NumPy and torch, too.


# Whatever the package prints goes to standard error, which ganas keeps in a file.
out, sys.stdout = sys.stdout, sys.stderr
if len(sys.argv) != 4:
    sys.exit("name the archive, the dataset and the epochs")
_, archive, dataset, epochs = sys.argv
try:
    from nats_bench import create
except ImportError as error:
    sys.exit(f"the package nats_bench cannot be imported ({error}); `pip install nats_bench`")

api, topology = None, True
for line in sys.stdin:
    request = json.loads(line)
    if request["type"] == "hello":
        topology = request["space"] == "nasbench201"
        try:
            api = create(archive, "tss" if topology else "sss", fast_mode=True, verbose=False)
        except Exception as error:
            sys.exit(f"no benchmark can be opened at {archive} ({type(error).__name__}: {error})")
        say(type="ready")
    elif request["type"] == "evaluate":
        try:
            arch = request["arch"] if topology else request["arch"].replace(";", ":")
            metrics = measure(api, arch, dataset, epochs)
            say(type="result", id=request["id"], metrics=metrics)
        except Exception as error:
            say(type="error", id=request["id"], reason=f"{type(error).__name__}: {error}")
    else:
        break
