"""Compares the event files of a run with its scalars.csv, by TensorBoard's own reader.

Usage: python3 event_files.py RUN/tensorboard
"""

import csv
import math
import sys
from collections import defaultdict

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

folder = sys.argv[1]
expected = defaultdict(list)
with open(f"{folder}/scalars.csv", newline="") as file:
    for row in csv.DictReader(file):
        expected[row["tag"]].append((int(row["step"]), float(row["value"]), float(row["wall_time"])))

# 0 keeps every scalar of a tag.
events = EventAccumulator(folder, size_guidance={"scalars": 0, "tensors": 0})
events.Reload()
tags = events.Tags()["scalars"]
assert set(tags) == set(expected), set(tags) ^ set(expected)
total = 0
for tag, rows in expected.items():
    read = [(e.step, e.value, e.wall_time) for e in events.Scalars(tag)]
    assert len(read) == len(rows), (tag, len(read), len(rows))
    for (step, value, wall), (its_step, its_value, its_wall) in zip(rows, read):
        assert step == its_step, (tag, step, its_step)
        assert math.isclose(value, its_value, rel_tol=1e-6, abs_tol=1e-30), (tag, step, value, its_value)
        assert abs(wall - its_wall) < 0.01, (tag, step, wall, its_wall)
    total += len(rows)
assert total > 0
print(f"{total} scalars of {len(expected)} tags are as in scalars.csv")
