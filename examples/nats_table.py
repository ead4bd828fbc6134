#!/usr/bin/env python3
"""Writes a part of NATS-Bench as a table of ganas, by the official package `nats_bench`.

    pip install nats_bench
    python3 examples/nats_table.py NATS-tss-v1_0-3ffb9-simple cifar10-valid 200 > nats_tss.csv
    ganas search --space nasbench201 --table nats_tss.csv --objective valid_accuracy
    python3 examples/nats_table.py NATS-sss-v1_0-50262-simple cifar10-valid 90 > nats_sss.csv
    ganas search --space examples/nats_sss.toml --table nats_sss.csv --objective valid_accuracy

The arguments are those of `nats_worker.py`: the unpacked archive, the dataset and the epochs. Metrics are means over
the trainings.

The table that this script writes was tested with a stand-in for the package, version 1.8. The package itself was not
run on its data, which is a separate download.
"""
import csv
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


def rows(api, dataset, epochs):
    """A row for each architecture of the benchmark."""
    for index in range(len(api)):
        found = api.get_more_info(index, dataset, hp=epochs, is_random=False)
        found.update(api.get_cost_info(index, dataset, hp=epochs))
        # A size is written as `8:16:24:32:64`, a chain of ganas as `8;16;24;32;64`.
        arch = api.arch(index).replace(":", ";")
        yield {"arch": arch, **{name: found.get(key) for key, name in NAMES.items()}}


def main():
    if len(sys.argv) != 4:
        sys.exit("name the archive, the dataset and the epochs")
    _, archive, dataset, epochs = sys.argv
    try:
        from nats_bench import create
    except ImportError:
        sys.exit("nats_bench is not installed; `pip install nats_bench` adds it")
    part = "sss" if "sss" in archive else "tss"
    out, sys.stdout = sys.stdout, sys.stderr  # The package prints.
    api = create(archive, part, fast_mode=True, verbose=False)
    writer = csv.DictWriter(out, ["arch", *NAMES.values()], restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows(api, dataset, epochs))


if __name__ == "__main__":
    main()
