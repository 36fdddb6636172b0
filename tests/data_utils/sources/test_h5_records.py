"""A made-up folder of one HDF5 file for each record of a challenge."""

from __future__ import annotations

import csv
from pathlib import Path

import h5py
import numpy as np

from data_utils.dataset import open_dataset
from data_utils.sources import h5_records
from data_utils.sources.options import TWELVE
from tests.data_utils.sources.recordings import left_out, steps, stored, targets


def write_h5_records(folder: Path) -> Path:
    rows = []
    for number in range(12):
        name, length = f"JS{number:05d}", 1000 + number
        path = folder / f"{number % 3:03d}" / f"{name}.h5"
        path.parent.mkdir(parents=True, exist_ok=True)
        dx = ["426783006", "164889003,59118001"][number % 2]
        with h5py.File(path, "w") as file:
            signal = file.create_dataset("signal", data=(steps(number, length, 12) / 1000).T)
            attributes = {"Dx": dx, "age": 60 + number, "sex": "Male", "fs": 100, "sig_len": length}
            signal.attrs.update(attributes | {"fid": number, "sig_name": list(TWELVE)})
        rows.append([name, number, dx, length])
    with (folder / "index.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["ID", "FID", "Dx", "L"], *rows, ["JS99999", 99, "164889003", 5]])
    return folder


def test_hdf5_records_give_labels_ages_and_every_sample(tmp_path: Path) -> None:
    folder = write_h5_records(tmp_path / "h5")
    (folder / "000" / "JS00003.h5").write_bytes(b"not HDF5")
    out = tmp_path / "x.h5"
    h5_records.build(folder, out, h5_records.Options(rate=100.0))
    dataset = open_dataset(out)
    found = {name: {c for c, v in t.items() if v} for name, t in targets(dataset).items()}
    assert found["JS00000"] == {"NSR"} and found["JS00001"] == {"AF", "RBBB"}
    assert (stored(dataset, "JS00007") == (steps(7, 1007, 12) / 1000).astype(np.float16)).all()
    assert left_out(dataset)["JS99999"] == "in index.csv, not in the folder"
    assert left_out(dataset)["JS00003"].startswith("JS00003.h5 cannot be read (OSError")
    number = int(dataset.recordings.name[0].removeprefix("JS"))
    assert dataset.rows.covariates[0].tolist() == [60 + number, 0]
