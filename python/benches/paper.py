"""The tables of the paper that public data allow, by its presets, the default and the baselines.

    GANAS_DATA=... python python/benches/paper.py --ganas target/release/ganas --json results/paper.json

Tables 1, 2 and 4 search test accuracy, as the paper does. Each row is one call of `ganas bench`; the file has its
command, the summary, and the end of each run. Finished rows of an earlier file are kept if commit and command are
the same.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import subprocess
import tempfile

NB101 = "--space nasbench101 --table $GANAS_DATA/nasbench101.csv.gz --objective test_accuracy"
NB201 = (
    "--space nasbench201 --table $GANAS_DATA/nasbench201_cifar10.csv.gz --objective cifar10_test"
)
RESNET = f"{NB101} --start resnet --constraint 'params <= @start'"
INCEPTION = f"{NB101} --start inception --constraint 'params <= @start'"

# Table, task, strategies, queries, seeds.
ROWS = [
    ("1 and 2", NB101, "ga-nas:paper-setup1", 2750, 10),
    ("1 and 2", NB101, "ga-nas:paper-setup2", 5500, 10),
    ("1 and 2", NB101, "random", 648, 10),
    ("1 and 2", NB101, "random", 1562, 10),
    ("1 and 2", NB101, "random,evolution", 2000, 10),
    ("1 and 2", NB101, "ga-nas", 648, 10),
    ("1 and 2", NB101, "ga-nas", 1562, 10),
    ("4", NB201, "ga-nas,ga-nas:paper-setup1,evolution,reinforce", 444, 20),
    ("4", NB201, "random", 500, 20),
    ("5, ResNet", RESNET, "ga-nas:paper-setup1,random", 2750, 10),
    ("5, ResNet", RESNET, "ga-nas", 500, 10),
    ("5, Inception", INCEPTION, "ga-nas:paper-setup1,random", 2750, 10),
    ("5, Inception", INCEPTION, "ga-nas", 500, 10),
]

KEPT = ("strategy", "preset", "seed", "best", "best_rank", "queries_to_best", "seconds")


def run(ganas: str, table: str, task: str, strategies: str, queries: int, seeds: int) -> dict:
    """One row: the summary and the runs of a benchmark."""
    arguments = f"bench {task} --strategies {strategies} --queries {queries} --seeds {seeds} --threads 1"
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "bench.json"
        command = f"{ganas} {arguments} --json {file}"
        subprocess.run(["bash", "-c", command], check=True, stdout=subprocess.DEVNULL)
        bench = json.loads(file.read_text())
    return {
        "table": table,
        "command": f"ganas {arguments}",
        "ganas": bench["provenance"]["ganas"],
        "optimum": bench.get("optimum"),
        "summary": bench["summary"],
        "runs": [{key: one[key] for key in KEPT if key in one} for one in bench["runs"]],
    }


def main() -> None:
    """Runs all rows, and writes the file after each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ganas", default="ganas")
    parser.add_argument("--json", type=pathlib.Path, required=True)
    options = parser.parse_args()
    if "GANAS_DATA" not in os.environ:
        parser.error("set GANAS_DATA to the folder of the tables")
    version = subprocess.run(
        [options.ganas, "--version"], check=True, capture_output=True, text=True
    ).stdout.split(maxsplit=1)[1]
    known = json.loads(options.json.read_text())["rows"] if options.json.exists() else []
    done = {row["command"]: row for row in known if row["ganas"] == version.strip()}
    rows = []
    for table, task, strategies, queries, seeds in ROWS:
        command = (
            f"ganas bench {task} --strategies {strategies} --queries {queries} --seeds {seeds} --threads 1"
        )
        row = done.get(command) or run(options.ganas, table, task, strategies, queries, seeds)
        rows.append(row)
        for line in row["summary"]:
            print(table, line["strategy"], line["preset"], queries, line["mean_best"], line["mean_rank"], flush=True)
        options.json.write_text(json.dumps({"rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
