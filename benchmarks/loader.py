"""Windows of 5000 x 12 cut from mapped recordings: how fast, in how much memory, and what it costs training.

Rates: the same windows as a gzip-chunked HDF5 array (h5py, one chunk a window, indices sorted as h5py wants
them), and the same reading of the same samples held in memory. Memory: four processes each read a whole file
in an order of their own, and what is private to each is asked of Linux while all four still have it mapped.
Training: the same network on the same batches, its samples mapped or in memory, in turns.

    python benchmarks/loader.py --gigabytes 4
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from pathlib import Path

import h5py
import numpy as np

from data_utils.dataset import Dataset, open_dataset
from data_utils.loader import Examples
from data_utils.preparation import fit_preparation
from data_utils.write import BeatRows, Description, writing

LENGTH, LEADS, RATE = 5000, 12, 500.0
BATCH = 64
BATCHES = 12
ROUNDS = 5
FITS = 15
WINDOWS = 1024  # of the file that rates are measured on
PER_RECORDING = 64
PROCESSES = 4


def write_strips(path: Path, windows: int) -> None:
    """A dataset file of 10 s strips of 12 leads, noise in steps of 1/200 mV as a converter gives."""
    rng = np.random.default_rng(0)
    description = Description(
        task="multilabel",
        classes=("A", "B"),
        class_names=("A", "B"),
        leads=tuple(f"lead{k}" for k in range(LEADS)),
        rate=RATE,
        covariates=(),
        source="noise",
        licence="none",
        simulated=True,
        groups_known=True,
        preparation={},
    )
    stretch = np.stack([np.arange(PER_RECORDING) * LENGTH, np.full(PER_RECORDING, LENGTH)], axis=1)
    count = -(-windows // PER_RECORDING)
    with writing(path, description) as writer:
        for k in range(count):
            noise = rng.integers(-100, 100, (PER_RECORDING * LENGTH, LEADS), dtype=np.int16) / np.float32(200)
            target = rng.integers(0, 2, (PER_RECORDING, 2)).astype(np.uint8)
            rows = BeatRows(
                np.full(PER_RECORDING, -1), target, np.zeros((PER_RECORDING, 0), np.float32), stretch
            )
            writer.add(f"r{k}", f"p{k}", "validation" if k == 0 else "train", noise, rows)
        writer.finish({f"p{k}": k % 2 for k in range(count)})


def examples_of(dataset: Dataset, in_memory: bool = False) -> Examples:
    """The training side in windows of 10 s, its samples mapped or copied into memory."""
    if in_memory:
        dataset.samples = np.array(dataset.samples)
    train, _ = dataset.sides()
    return Examples(train, fit_preparation(train, window=LENGTH / RATE))


def rates(path: Path, folder: Path) -> None:
    """Print windows per second, and the ratios to both peers."""
    mapped, held = examples_of(open_dataset(path)), examples_of(open_dataset(path), in_memory=True)
    rng = np.random.default_rng(0)
    batches = np.stack([rng.choice(len(mapped), BATCH, replace=False) for _ in range(BATCHES)])
    with h5py.File(folder / "windows.h5", "w") as file:
        shape = (len(mapped), LENGTH, LEADS)
        stored = file.create_dataset("X", shape, "<f2", chunks=(1, LENGTH, LEADS), compression="gzip")
        for row in range(len(mapped)):
            stored[row] = mapped.batch([row])["signal"][0]
        readers: dict[str, Callable[[np.ndarray], np.ndarray]] = {
            "mapped recordings (ours)": lambda batch: mapped.batch(batch)["signal"],
            "gzip-chunked HDF5": lambda batch: stored[np.sort(batch)].astype(np.float32),
            "samples in memory": lambda batch: held.batch(batch)["signal"],
        }
        # In turns, so that what else the machine does falls on all alike.
        best = dict.fromkeys(readers, 0.0)
        for _ in range(ROUNDS):
            for name, read in readers.items():
                few = batches[:2] if name.startswith("gzip") else batches
                best[name] = max(best[name], _rate(read, few))
    ours = best["mapped recordings (ours)"]
    print(f"windows of {LENGTH} x {LEADS}, batches of {BATCH}")
    for name, rate in best.items():
        print(f"  {name:28s} {rate:10,.0f} windows/s   ours / this = {ours / rate:.2f}")


def _rate(read: Callable[[np.ndarray], np.ndarray], batches: np.ndarray) -> float:
    began = time.perf_counter()
    for batch in batches:
        read(batch)
    return batches.size / (time.perf_counter() - began)


def memory(path: Path) -> None:
    """Print what is private to each of four processes that read all of a file at a time."""
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(PROCESSES), context.Queue()
    readers = [
        context.Process(target=_read_all, args=(path, seed, barrier, answers)) for seed in range(PROCESSES)
    ]
    for reader in readers:
        reader.start()
    private = [answers.get() for _ in readers]
    for reader in readers:
        reader.join()
    megabytes = ", ".join(f"{sum(one.values()) / 1024:.0f}" for one in private)
    written = max(one["Private_Dirty"] for one in private) / 1024
    print(f"{PROCESSES} processes, each through {path.stat().st_size / 1e9:.1f} GB")
    print(f"  private to each: {megabytes} MB (of which it has written at most {written:.0f} MB)")


def _read_all(path: Path, seed: int, barrier: Barrier, answers: multiprocessing.Queue) -> None:
    examples = examples_of(open_dataset(path))
    order = np.random.default_rng(seed).permutation(len(examples))
    for begin in range(0, len(order), BATCH):
        examples.batch(order[begin : begin + BATCH])
    barrier.wait()
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    found = {line.split(":")[0]: int(line.split()[1]) for line in lines if line.startswith("Private_")}
    barrier.wait()
    answers.put({name: found[name] for name in ("Private_Clean", "Private_Dirty")})


def fit(path: Path) -> None:
    """Print the ratio of training steps per second from the file to those from memory."""
    # TensorFlow is not wanted in the processes whose memory is measured.
    import training.quiet  # noqa: F401

    # isort: split
    import keras

    from data_utils.samplers import build_sampler
    from training.batches import TrainingBatches

    mapped, held = open_dataset(path), open_dataset(path)
    sides = {"file": examples_of(mapped), "memory": examples_of(held, in_memory=True)}
    layers = [keras.Input((LENGTH, LEADS), name="signal")]
    x = keras.layers.Conv1D(16, 15, strides=4, activation="relu")(layers[0])
    x = keras.layers.GlobalAveragePooling1D()(keras.layers.Conv1D(32, 7, strides=4, activation="relu")(x))
    model = keras.Model({"signal": layers[0]}, keras.layers.Dense(2, activation="sigmoid")(x))
    model.compile("adam", "binary_crossentropy")
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(FITS + 1):
        # In turns, so that what else the machine does falls on both alike; the first compiles.
        for name, examples in sides.items():
            batches = TrainingBatches(examples, build_sampler({}, examples.side, BATCHES, 32), (0,))
            began = time.perf_counter()
            model.fit(batches, shuffle=False, verbose=0)
            seconds[name].append(time.perf_counter() - began)
    spent = {name: float(np.median(some[1:])) for name, some in seconds.items()}
    print(f"training a small network on batches of 32, medians of {FITS} epochs of {BATCHES} in turns")
    print(
        f"  from the file {BATCHES / spent['file']:.1f} steps/s, from memory {BATCHES / spent['memory']:.1f}"
    )
    print(f"  file / memory = {spent['memory'] / spent['file']:.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=0.5, help="of the file that four processes read")
    gigabytes = parser.parse_args().gigabytes
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder) / "small.h5", Path(folder) / "large.h5"
        write_strips(small, WINDOWS)
        rates(small, Path(folder))
        fit(small)
        write_strips(large, round(gigabytes * 1e9 / (2 * LENGTH * LEADS)))
        memory(large)


if __name__ == "__main__":
    main()
