"""Windows per second cut from mapped recordings, against the two usual ways of storing windows.

Peers: the same windows as a gzip-chunked HDF5 array (h5py, one chunk a window, indices sorted as h5py wants
them), and as a float32 NumPy array in memory. All three are read in one process with the same random batches.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from data_utils.dataset import open_dataset
from data_utils.loader import Examples
from data_utils.preparation import fit_preparation
from data_utils.simulate import simulate

BATCH = 128
BATCHES = 40
ROUNDS = 5


def windows_per_second(read: Callable[[np.ndarray], np.ndarray], batches: np.ndarray) -> float:
    """Rate of `read` over `batches` (n, B) of row positions."""
    began = time.perf_counter()
    for batch in batches:
        read(batch)
    return batches.size / (time.perf_counter() - began)


def main() -> None:
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "simulated.h5"
        simulate(path)
        train, _ = open_dataset(path).sides()
        examples = Examples(train, fit_preparation(train, window=0.8, covariates=False))
        everything = examples.batch(np.arange(len(examples)))["signal"]
        with h5py.File(Path(folder) / "windows.h5", "w") as file:
            stored = file.create_dataset(
                "X", data=everything, chunks=(1, *everything.shape[1:]), compression="gzip"
            )
            batches = np.stack([rng.choice(len(examples), BATCH, replace=False) for _ in range(BATCHES)])
            readers = {
                "mapped recordings (ours)": lambda batch: examples.batch(batch)["signal"],
                "gzip-chunked HDF5": lambda batch: stored[np.sort(batch)],
                "NumPy array in memory": lambda batch: everything[batch],
            }
            rates = {
                name: max(windows_per_second(read, batches) for _ in range(ROUNDS))
                for name, read in readers.items()
            }
    ours = rates["mapped recordings (ours)"]
    print(f"loader: windows of {everything.shape[1]} x {everything.shape[2]}, batches of {BATCH}")
    for name, rate in rates.items():
        print(f"  {name:28s} {rate:10,.0f} windows/s   ours / this = {ours / rate:.2f}")


if __name__ == "__main__":
    main()
