"""Overhead of ask and tell beyond the search itself: microseconds an architecture.

    python benches/overhead.py TABLE OBJECTIVE [RESULTS.json]

The same search runs twice in this process, by random architectures of nasbench201: once the core looks
evaluations up in a table, and once Python is asked for them and tells what a dict has. The
difference between a search with twice as many queries and one with so many leaves out what both begin
with.
"""

import gzip
import json
import os
import platform
import statistics
import subprocess
import sys
import time

import ganas

QUERIES, REPEATS = 4000, 7


def core(table, objective, queries):
    search = ganas.Search("nasbench201", "random", queries, objective=objective, table=table)
    begun = time.perf_counter()
    search.run()
    return time.perf_counter() - begun


def asked(known, objective, queries, batch):
    search = ganas.Search("nasbench201", "random", queries, objective=objective)
    begun = time.perf_counter()
    while archs := search.ask(batch):
        for arch in archs:
            search.tell(arch, known[arch])
    return time.perf_counter() - begun


def each(measure):
    """Microseconds an architecture: the median of some repeats, and all of them."""
    measure(QUERIES)
    repeats = [
        1e6 * (measure(2 * QUERIES) - measure(QUERIES)) / QUERIES for _ in range(REPEATS)
    ]
    return {
        "median": round(statistics.median(repeats), 2),
        "repeats": [round(repeat, 2) for repeat in repeats],
    }


def main():
    table, objective = sys.argv[1:3]
    space = ganas.Space("nasbench201")
    with _rows(table) as rows:
        names = next(rows).strip().split(",")
        place, column = names.index("arch"), names.index(objective)
        cells = (row.strip().split(",") for row in rows)
        known = {space.parse(row[place]): float(row[column]) for row in cells}
    found = {"core": each(lambda queries: core(table, objective, queries))}
    for batch in (1, 10, 100):
        found[f"ask {batch}"] = each(lambda queries: asked(known, objective, queries, batch))
    overhead = {
        name: round(found[name]["median"] - found["core"]["median"], 2)
        for name in found
        if name != "core"
    }
    report = {
        "what": "microseconds an architecture of a search by random architectures of nasbench201",
        "queries": [QUERIES, 2 * QUERIES],
        "overhead": overhead,
        "measured": found,
        "command": "python python/benches/overhead.py nasbench201_cifar10.csv.gz cifar10_test",
        "commit": _git("rev-parse", "--short", "HEAD"),
        "date": time.strftime("%Y-%m-%d"),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
    }
    text = json.dumps(report, indent=2) + "\n"
    if len(sys.argv) > 3:
        with open(sys.argv[3], "w") as file:
            file.write(text)
    print(text)


def _rows(table):
    return gzip.open(table, "rt") if table.endswith(".gz") else open(table)


def _git(*args):
    folder = os.path.dirname(os.path.abspath(__file__))
    ran = subprocess.run(["git", *args], cwd=folder, capture_output=True, text=True)
    return ran.stdout.strip()


if __name__ == "__main__":
    main()
