#!/usr/bin/env python3
"""A worker that asks the official package `nasbench301` for its surrogates' predictions.

    pip install nasbench301
    ganas search --space nasbench301 \\
        --command "python3 examples/nasbench301_worker.py nb_models_1.0/xgb_v1.0"

The argument is the folder of an ensemble, as `nasbench301.download_models` unpacks it; a second one
may name that of a runtime model, whose prediction is then the metric `seconds`. `accuracy` is the
predicted validation accuracy in percent, without the noise that the package can add.

What was tested: the protocol and the genotypes that are handed over, with a stand-in that has the
functions of the package's own example, version 0.3. The package itself was not run: its surrogates
are a download of their own, and it needs versions of its dependencies from 2020.
"""
import ast
import json
import sys
from collections import namedtuple

Genotype = namedtuple("Genotype", "normal normal_concat reduce reduce_concat")


def genotype(arch):
    """The genotype of a text in the notation of DARTS."""
    cells = {
        part.arg: ast.literal_eval(part.value)
        for part in ast.parse(arch, mode="eval").body.keywords
        if part.arg in ("normal", "reduce")
    }
    return Genotype(cells["normal"], [2, 3, 4, 5], cells["reduce"], [2, 3, 4, 5])


def say(**message):
    print(json.dumps(message, default=float), file=out, flush=True)  # NumPy and torch, too.


# Output of the package goes to standard error, which ganas writes to a log file.
out, sys.stdout = sys.stdout, sys.stderr
if len(sys.argv) not in (2, 3):
    sys.exit("name the folder of a performance model, and maybe that of a runtime model")
try:
    import nasbench301
except ImportError as error:
    sys.exit(f"the package nasbench301 cannot be imported ({error}); `pip install nasbench301`")
try:
    models = [nasbench301.load_ensemble(folder) for folder in sys.argv[1:]]
except Exception as error:
    sys.exit(f"no surrogate can be loaded from {sys.argv[1:]} ({type(error).__name__}: {error}); "
             "nasbench301.download_models('1.0') fetches them")

for line in sys.stdin:
    request = json.loads(line)
    if request["type"] == "hello":
        say(type="ready")
    elif request["type"] == "evaluate":
        try:
            config = genotype(request["arch"])
            options = {"config": config, "representation": "genotype"}
            metrics = {"accuracy": float(models[0].predict(with_noise=False, **options))}
            if models[1:]:
                metrics["seconds"] = float(models[1].predict(**options))
            say(type="result", id=request["id"], metrics=metrics)
        except Exception as error:
            say(type="error", id=request["id"], reason=f"{type(error).__name__}: {error}")
    else:
        break
