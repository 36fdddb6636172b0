"""Memory and speed of resampling by recipes, against imbalanced-learn's copies in memory.

10,000 windows of 5000 x 12 in four classes, the three rare ones raised to the majority. Peer:
imbalanced-learn's RandomOverSampler on the float32 windows, from whose copies batches are taken; it gets each
tenth window, since on all of them it needs over 16 GB, and its memory is counted ten times. For the mixtures,
which make no sense on such windows, beats of simulated patients: imbalanced-learn's SMOTE on them. One
process, the same size of batch; rates are medians of several rounds that take turns, each with batches drawn
anew, by processor time, so that what else the machine does counts less.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from imblearn.over_sampling import SMOTE, RandomOverSampler

from data_utils.dataset import Side, open_dataset
from data_utils.loader import Examples
from data_utils.preparation import fit_preparation
from data_utils.samplers import build_sampler
from data_utils.samplers.recipes import make_batch
from data_utils.simulate import simulate
from data_utils.write import BeatRows, Description, writing

COUNTS = (8500, 1000, 400, 100)
LENGTH, LEADS, RATE = 5000, 12, 500.0
BATCH, BATCHES, ROUNDS = 64, 12, 9
SHARE = 10
GIB = 2**30


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        _windows(_write_windows(Path(folder) / "windows.h5"))
        simulate(Path(folder) / "beats.h5")
        _beats(open_dataset(Path(folder) / "beats.h5").sides()[0])


def _write_windows(path: Path) -> Side:
    """Noise in the shape of 10 s recordings, one row each; one patient more validates."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(2 * LENGTH, LEADS))
    leads = tuple(f"L{lead}" for lead in range(LEADS))
    classes = ("A", "B", "C", "D")
    description = Description(
        "multiclass", classes, classes, leads, RATE, (), "noise", "none", True, True, {}
    )
    one = np.eye(len(COUNTS), dtype=np.uint8)
    with writing(path, description) as writer:
        for number, kind in enumerate([*np.repeat(np.arange(len(COUNTS)), COUNTS), 0]):
            rows = BeatRows(np.array([-1]), one[[kind]], np.zeros((1, 0), np.float32))
            split = "train" if number < sum(COUNTS) else "validation"
            first = int(rng.integers(LENGTH))
            writer.add(f"r{number}", f"p{number}", split, noise[first : first + LENGTH], rows)
        writer.finish({f"p{number}": number % 2 for number in range(sum(COUNTS) + 1)})
    return open_dataset(path).sides()[0]


def _windows(train: Side) -> None:
    before = anonymous_memory()
    examples = Examples(train, fit_preparation(train, window=LENGTH / RATE))
    names = ("none", "oversample", "oversample_noise", "class_aware")
    readers = {name: recipe_reader(name, examples, {}, BATCHES) for name in names}
    rates, most = measure(readers)
    ours = most - before

    before = anonymous_memory()
    some = np.arange(0, len(examples), SHARE)
    everything = examples.batch(some)["signal"].reshape(len(some), -1)
    stratum = train.targets[some].argmax(axis=1)
    copies, _ = RandomOverSampler(random_state=0).fit_resample(everything, stratum)
    del everything
    theirs = SHARE * (anonymous_memory() - before)
    rates |= measure({"copies (imbalanced-learn)": copy_reader(copies)})[0]
    _report(f"resampling: {sum(COUNTS)} windows of {LENGTH} x {LEADS}, {SHARE * len(copies)} after it", rates)
    print(f"  beyond the mapped file: recipes {ours / GIB:.2f} GiB, copies {theirs / GIB:.2f} GiB", end="")
    print(f"   recipes / copies = {ours / theirs:.3f}", flush=True)


def _beats(train: Side) -> None:
    hp = {"window": 0.8, "covariates": False, "seed": 0}
    examples = Examples(train, fit_preparation(train, window=0.8, covariates=False))
    names = ("none", "oversample", "smote")
    rates, _ = measure({name: recipe_reader(name, examples, hp, 0) for name in names})
    everything = examples.batch(np.arange(len(examples)))["signal"].reshape(len(examples), -1)
    copies, _ = SMOTE(random_state=0).fit_resample(everything, train.targets.argmax(axis=1))
    rates |= measure({"copies (imbalanced-learn)": copy_reader(copies)})[0]
    _report(f"resampling: {len(train)} beats of 288 x 1, {len(copies)} after it", rates)


def recipe_reader(name: str, examples: Examples, hp: dict, steps: int) -> Callable[[int], int]:
    """Makes the batches of one epoch of a sampler, and returns how many windows; 0 steps are a whole pass."""
    sampler = build_sampler({**hp, "sampler": name}, examples.side, steps, BATCH)

    def read(epoch: int) -> int:
        rng = np.random.default_rng(epoch)
        drawn = sampler.epoch(rng)
        for step in range(sampler.steps):
            make_batch(examples, drawn.take(slice(step * BATCH, (step + 1) * BATCH)), rng)
        return sampler.steps * BATCH

    return read


def copy_reader(copies: np.ndarray) -> Callable[[int], int]:
    """Takes random batches of an array in memory."""

    def read(epoch: int) -> int:
        rows = np.random.default_rng(epoch).permutation(len(copies))[: BATCHES * BATCH]
        for step in range(BATCHES):
            copies[rows[step * BATCH : (step + 1) * BATCH]]
        return BATCHES * BATCH

    return read


def measure(readers: dict[str, Callable[[int], int]]) -> tuple[dict[str, float], int]:
    """Windows per second of processor time, the median of each reader's epochs after its first.

    Also the most memory that this process held after an epoch.
    """
    rates: dict[str, list[float]] = {name: [] for name in readers}
    most = 0
    for epoch in range(ROUNDS + 1):
        for name, read in readers.items():
            began = time.process_time()
            windows = read(epoch)
            rates[name].append(windows / (time.process_time() - began))
            most = max(most, anonymous_memory())
    return {name: float(np.median(some[1:])) for name, some in rates.items()}, most


def anonymous_memory() -> int:
    """Bytes of this process that are no pages of a file (Linux)."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith("RssAnon")))


def _report(title: str, rates: dict[str, float]) -> None:
    print(title)
    for name, rate in rates.items():
        print(f"  {name:28s} {rate:10,.0f} windows/s   this / none = {rate / rates['none']:.2f}")


if __name__ == "__main__":
    main()
