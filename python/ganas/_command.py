"""The commands of `ganas` as functions, and the command line itself."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ganas import _ganas
from ganas._ganas import Arch, Space


def main() -> int:
    """Runs the command `ganas` with the arguments of this process, and returns its exit code."""
    # The command handles Ctrl-C itself; Python would only set a flag.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _ganas.main(["ganas", *sys.argv[1:]])


def report(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    out: str | os.PathLike[str] | None = None,
    *,
    title: str | None = None,
) -> Path:
    """Shows searches and benchmarks in one HTML page: the command ``ganas report``.

    >>> ganas.report("runs/python", out="report.html")  # doctest: +SKIP

    Args:
        paths: Folders of runs or of benchmarks, and JSON files that ``ganas search`` or ``ganas bench``
            wrote; one or several.
        out: The file to write; ``report.html`` in the folder, or here if there are several paths.
        title: The title of the page, by default the searched spaces.

    Returns:
        The written file.

    Raises:
        ValueError: If there is nothing to show.
        OSError: If the file cannot be written.
    """
    several = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    if out is None:
        alone = Path(several[0]) if len(several) == 1 else None
        out = alone / "report.html" if alone and alone.is_dir() else Path("report.html")
    words = ["report", "--quiet", f"--out={os.path.abspath(out)}", *_option("title", title)]
    _ganas.command([*words, "--", *(os.fspath(path) for path in several)])
    return Path(out)


def export(
    arch: Arch | str | os.PathLike[str],
    to: str,
    out: str | os.PathLike[str] | None = None,
    *,
    space: Space | str | os.PathLike[str] | None = None,
    weights: str | os.PathLike[str] | None = None,
    supernet: str | os.PathLike[str] | None = None,
    normalize: bool | str = False,
    width: int | None = None,
    depth: int | None = None,
    classes: int | None = None,
    channels: int | None = None,
    image_size: int | None = None,
    seed: int | None = None,
) -> str | bytes:
    """Writes an architecture in another format: the command ``ganas export``.

    >>> module = ganas.export("resnet", "pytorch", space="nasbench101")
    >>> "class Network(nn.Module)" in module
    True

    Args:
        arch: An :class:`Arch`, its notation or name, or a JSON file such as ``result.json`` of a run.
        to: ``"pytorch"``, ``"onnx"``, ``"svg"``, ``"dot"``, ``"text"``, ``"json"`` or ``"safetensors"``.
        out: The file to write, if any.
        space: The space, if ``arch`` is a text.
        weights: Trained weights, such as ``winner.safetensors`` of a run.
        supernet: The folder of a supernet that provides the weights.
        normalize: Put the normalisation of images into the first layer: ``True`` for pixels from 0 to 255, ``"unit"`` for pixels from 0 to 1.
        width: Channels of the stem.
        depth: Cells a stage.
        classes: The number of classes.
        channels: Channels of the images.
        image_size: Height and width of the images.
        seed: The seed of fresh weights of an ONNX model.

    Returns:
        The contents of the file: bytes for ``"onnx"`` and ``"safetensors"``, otherwise text.

    Raises:
        ValueError: If it cannot be exported.
        OSError: If the file cannot be written.
    """
    words = ["export", *_option("to", to)]
    if isinstance(arch, Arch):
        space = arch.space if space is None else space
    if space is not None:
        words += _option("space", Space(space).argument)
    words += _path("weights", weights) + _path("supernet", supernet)
    sizes: dict[str, Any] = {
        "normalize": "pixels" if normalize is True else normalize,
        "width": width,
        "depth": depth,
        "classes": classes,
        "channels": channels,
        "image-size": image_size,
        "seed": seed,
    }
    for name, value in sizes.items():
        words += _option(name, value)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "exported" if out is None else Path(os.path.abspath(out))
        what = os.fspath(arch) if isinstance(arch, os.PathLike) else str(arch)
        _ganas.command([*words, *_path("out", file), "--", what])
        written = file.read_bytes()
    return written if to in ("onnx", "safetensors") else written.decode()


def _option(name: str, value: Any) -> list[str]:
    """An option, if it has a value; one that is true has no more than its name."""
    if value is None or value is False:
        return []
    return [f"--{name}"] if value is True else [f"--{name}={value}"]


def _path(name: str, file: str | os.PathLike[str] | None) -> list[str]:
    """An option that names a file."""
    return _option(name, None if file is None else os.path.abspath(file))
