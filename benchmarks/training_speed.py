"""How fast a run trains: against plain `model.fit` on arrays, against PyTorch, and of what the machine can.

    python benchmarks/training_speed.py [--torch PYTHON]     all three shapes
    python benchmarks/training_speed.py --start [FILE]       program start to first step, of a data file
    python benchmarks/training_speed.py --memory FILE        a run that gives memory back, in turns with ours

Ours is a whole epoch of `training.fit` as a run has it: sampler, windows from the mapped file, class-weighted
loss, validation, every metric, one row logged. Plain is Keras's `model.fit` on arrays in memory with its own
loss and `validation_data`. The same network, optimiser, rows and batch; epochs take turns (ours, plain,
torch, ours, ...) in one run, because a machine that does other things as well drifts within seconds; ratios
are medians over turns. --torch names the Python of an environment that has PyTorch.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import training.quiet  # noqa: F401  (before anything imports TensorFlow)

# isort: split
import keras
import numpy as np

from data_utils.dataset import Side, open_dataset
from data_utils.loader import Examples
from data_utils.preparation import fit_preparation
from data_utils.write import BeatRows, Description, writing
from models import Spec, build_model
from models.convolutions import sizes
from models.cost import multiply_adds
from training.fit import fit_member
from training.hyperparameters import resolve
from training.optimizers import build_optimizer

PEER = Path(__file__).parent / "speed_peers" / "torch_cnn.py"
FIRST_STEP = Path(__file__).parent / "speed_peers" / "first_step.py"
# Lines that a run prints, by their beginnings.
MARKS = {"first step": "start to the end of the first step", "epoch 1": "and of the validation behind it"}
# The program without `training.allocator`.
GIVES_BACK = (
    "import runpy, training.allocator; training.allocator.keep_memory = lambda: None; "
    "runpy.run_module('training.train', run_name='__main__')"
)
CLASSES = ("A", "B", "C", "D")
SHARES = (0.85, 0.1, 0.04, 0.01)
GIVEN = {"model": "cnn", "sampler": "sqrt", "loss": "weighted_ce", "patience": 10000, "window": 1.0}


@dataclass(frozen=True)
class Shape:
    """What is trained on: a window of `length` x `leads`, and how much of it."""

    length: int
    leads: int
    batch: int
    steps: int
    held_out: int


SHAPES = (
    Shape(187, 1, 128, 80, 2048),
    Shape(360, 2, 128, 50, 1024),
    Shape(5000, 12, 32, 15, 96),
)


def write_noise(path: Path, shape: Shape) -> None:
    """A dataset file of noise: rows of one second, cut from one recording for each side."""
    rng = np.random.default_rng(0)
    leads = tuple(f"L{k}" for k in range(shape.leads))
    description = Description(
        "multiclass", CLASSES, CLASSES, leads, float(shape.length), (), "noise", "none", True, True, {}
    )
    with writing(path, description) as writer:
        for split, count in (("train", shape.batch * shape.steps), ("validation", shape.held_out)):
            # Rows overlap: what is cut does not matter, how much does.
            stretch = np.stack([np.arange(count) % shape.length, np.full(count, shape.length)], axis=1)
            target = np.eye(len(CLASSES), dtype=np.uint8)[rng.choice(len(CLASSES), count, p=SHARES)]
            rows = BeatRows(np.full(count, -1), target, np.zeros((count, 0), np.float32), stretch)
            writer.add(split, split, split, rng.normal(size=(2 * shape.length, shape.leads)), rows)
        writer.finish({"train": 0, "validation": 1})


# Seconds by the clock, and of processor time, which other programs on the machine do not stretch.
Spent = tuple[float, float]


def now() -> np.ndarray:
    """(2,) of both clocks."""
    return np.array([time.perf_counter(), time.process_time()])


class Turns:
    """Times the epochs of a run and lets the peers train an epoch after each."""

    def __init__(self, peers: dict[str, Callable[[], Spent]]) -> None:
        self.peers = peers
        self.spent: dict[str, list[Spent]] = {name: [] for name in ("ours", *peers)}
        self._began = now()

    def __call__(self, row: dict[str, float]) -> None:
        self.spent["ours"].append(tuple(now() - self._began))
        for name, epoch in self.peers.items():
            self.spent[name].append(epoch())
        self._began = now()

    def timed(self, name: str) -> np.ndarray:
        """(epochs, 2) seconds by both clocks, the first epoch left out, which compiles."""
        return np.array(self.spent[name][1:])


def plain_fit(hp: dict, sides: tuple[Side, Side], spec: Spec, steps: int) -> tuple[keras.Model, Callable]:
    """The same network under Keras alone, and a function that trains it for an epoch."""
    model = build_model(hp, spec)
    model.compile(build_optimizer(hp, steps), keras.losses.CategoricalCrossentropy(from_logits=True))
    preparation = fit_preparation(sides[0], hp["window"])
    data = []
    for side in sides:
        every = np.arange(len(side))
        data.append((Examples(side, preparation).batch(every), side.targets.astype(np.float32)))

    def epoch() -> Spent:
        began = now()
        model.fit(*data[0], batch_size=hp["batch_size"], validation_data=data[1], verbose=0)
        return tuple(now() - began)

    return model, epoch


def torch_fit(python: str, hp: dict, shape: Shape, threads: int) -> tuple[int, Callable[[], Spent]]:
    """Parameters of PyTorch's network, and a function that trains it for an epoch."""
    filters, kernels = sizes(hp)
    asked = {
        **{"length": shape.length, "channels": shape.leads, "classes": len(CLASSES), "filters": filters},
        **{"kernel": kernels[0], "dense": hp["dense_units"], "dropout": hp["dropout"], "batch": shape.batch},
        **{"rows": shape.batch * shape.steps, "held_out": shape.held_out, "threads": threads},
    }
    process = subprocess.Popen([python, PEER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def say(line: str) -> dict:
        process.stdin.write(f"{line}\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    return say(json.dumps(asked))["parameters"], lambda: say("go")["spent"]


def product_rate() -> float:
    """Multiply-adds per second of float32 matrix products of 1024 x 1024, the best of several."""
    a = keras.random.normal((1024, 1024), seed=0)
    best = np.inf
    for _ in range(20):
        began = time.perf_counter()
        np.asarray(keras.ops.matmul(a, a))
        best = min(best, time.perf_counter() - began)
    return 1024**3 / best


def measure(shape: Shape, folder: Path, epochs: int, torch: str | None) -> None:
    path = folder / f"{shape.length}.h5"
    write_noise(path, shape)
    dataset = open_dataset(path)
    given = {**GIVEN, "epochs": epochs + 1, "batch_size": shape.batch, "steps_per_epoch": shape.steps}
    hp = resolve(given, dataset.task)
    spec = Spec(shape.length, shape.leads, 0, len(CLASSES), dataset.task)
    plain, epoch = plain_fit(hp, dataset.sides(), spec, shape.steps)
    peers = {"plain": epoch}
    threads = len(os.sched_getaffinity(0))
    if torch:
        parameters, peers["torch"] = torch_fit(torch, hp, shape, threads)
        trained = sum(int(np.prod(one.shape)) for one in plain.trainable_weights)
        assert parameters == trained, f"PyTorch's network has {parameters} weights, ours {trained}"
    turns, rate = Turns(peers), product_rate()
    fit_member(hp, dataset, CLASSES, turns)
    ours = float(np.median(turns.timed("ours")[:, 0]))
    # A backward pass takes twice the products of a forward pass.
    products = multiply_adds(plain) * (3 * shape.batch * shape.steps + shape.held_out)
    ratios = ""
    for name in peers:
        wall, processor = np.median(turns.timed(name) / turns.timed("ours"), axis=0)
        ratios += f"  ours / {name} {wall:.2f} by the clock, {processor:.2f} by processor time"
    rows, share = shape.batch * shape.steps / ours, products / ours / rate
    print(
        f"{shape.length} x {shape.leads}, batch {shape.batch}: {rows:,.0f} rows/s, {share:.2f} of the "
        f"product rate ({rate / 1e9:.0f} G/s){ratios}",
        flush=True,
    )


def start(folder: Path, data: Path | None, times: int = 5) -> None:
    """Print seconds from the program's start to the end of its first step, and of its first validation."""
    if data is None:
        data = folder / "start.h5"
        write_noise(data, SHAPES[0])
    asked = ["epochs=1", "steps_per_epoch=1", "checkpoint_every=0"]
    sets = [part for pair in asked for part in ("--set", pair)]
    command = [sys.executable, "-m", "training.train", "--data", data, "--out", folder / "out", *sets]
    plugin = {"RAREBEAT_PLUGINS": FIRST_STEP.stem, "PYTHONPATH": str(FIRST_STEP.parent)}
    environment = {**os.environ, "WANDB_MODE": "disabled", **plugin}
    spent = np.array([_start_once(command, environment) for _ in range(times)])
    for i, place in enumerate(MARKS.values()):
        wall, processor = np.median(spent[:, i], axis=0)
        best = spent[:, i, 0].min()
        print(f"{place}: {wall:.1f} s ({best:.1f} at best), {processor:.1f} s of processor time")


def _start_once(command: Sequence[object], environment: Mapping[str, str]) -> list[Spent]:
    """Seconds to each of `MARKS`."""
    began, spent = time.perf_counter(), {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        for line in process.stdout:
            for mark in MARKS:
                if line.startswith(mark):
                    spent[mark] = (time.perf_counter() - began, _cpu_seconds(process.pid))
    return [spent[mark] for mark in MARKS]


def memory(folder: Path, data: Path, times: int = 3) -> None:
    """Print examples a second of a run with and without the memory that its steps gave back."""
    sets = ["--set", "epochs=1", "--set", "steps_per_epoch=100", "--set", "checkpoint_every=0"]
    environment = {**os.environ, "WANDB_MODE": "disabled"}
    speeds: dict[str, list[float]] = {"kept": [], "given back": []}
    for turn in range(times):
        for name, program in (("kept", ["-m", "training.train"]), ("given back", ["-c", GIVES_BACK])):
            out = folder / f"{name} {turn}"
            command = [sys.executable, *program, "--data", data, "--out", out, *sets]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            speeds[name].append(float(re.search(r"(\d+) examples/s", done.stdout)[1]))
    kept, given = (np.median(found) for found in speeds.values())
    print(f"memory kept: {kept:.0f} examples/s, given back: {given:.0f}; ratio {kept / given:.2f}")


def _cpu_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--torch", metavar="PYTHON", help="of an environment that has PyTorch")
    parser.add_argument("--epochs", type=int, default=9, help="timed, of each shape")
    parser.add_argument("--shapes", nargs="*", type=int, help="lengths of those to measure; all without")
    parser.add_argument(
        "--start", nargs="?", const="", metavar="FILE", help="measure the start alone; without FILE on noise"
    )
    parser.add_argument("--memory", type=Path, metavar="FILE", help="measure what keeping memory gains alone")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if asked.start is not None:
            start(Path(folder), Path(asked.start) if asked.start else None)
            return
        if asked.memory:
            memory(Path(folder), asked.memory)
            return
        print(f"{len(os.sched_getaffinity(0))} cores; medians of {asked.epochs} epochs in turns")
        for shape in SHAPES:
            if not asked.shapes or shape.length in asked.shapes:
                measure(shape, Path(folder), asked.epochs, asked.torch)
        if not asked.torch:
            print("PyTorch is left out: name the Python of an environment that has it with --torch.")


if __name__ == "__main__":
    main()
