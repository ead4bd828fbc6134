"""The cases that `cargo run --example reference` wrote, exported by the binary.

GANAS names the binary, GANAS_REFERENCE the folder of the cases.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest
from safetensors.numpy import load_file

FOLDER = Path(os.environ["GANAS_REFERENCE"])
CASES = json.loads((FOLDER / "cases.json").read_text())


def ganas(*args):
    """Runs the binary; what it prints."""
    command = [os.environ["GANAS"], *map(str, args)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


class Case:
    def __init__(self, number, record):
        self.__dict__.update(record)
        self.number = number
        self.weights = FOLDER / f"{number}.safetensors"

    def __str__(self):
        return f"{Path(self.space).stem}-{self.number}"

    def io(self):
        """Images and logits, the images channels-first."""
        file = load_file(FOLDER / f"{self.number}.io.safetensors")
        return file["images"].transpose(0, 3, 1, 2).copy(), file["logits"]

    def options(self):
        """Options of the binary for the network."""
        sizes = {
            "--width": self.width,
            "--depth": self.depth,
            "--classes": self.classes,
            "--channels": self.channels,
        }
        given = [x for option, size in sizes.items() if size for x in (option, size)]
        return [*given, "--image-size", self.pixels]

    def export(self, form, out, *options):
        arguments = ["export", self.arch, "--space", self.space, "--to", form]
        ganas(*arguments, "--out", out, *options)
        return out


@pytest.fixture(params=[Case(i, c) for i, c in enumerate(CASES)], ids=str)
def case(request):
    return request.param
