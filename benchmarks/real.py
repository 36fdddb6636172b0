"""What a run comes to on real recordings. Each part prints one table; what was trained is kept in --cache.

    python benchmarks/real.py mitdb data/mitdb.h5          between patients: configurations on folds of DS1
    python benchmarks/real.py mitdb-final data/mitdb.h5    the best of them against the peer; DS2, once
    python benchmarks/real.py random-beats data/mitdb.h5   LEAKS: to stand beside others who measure so
    python benchmarks/real.py ptb-xl data/ptbxl.h5         superclasses, against a regression on features
    python benchmarks/real.py cpsc data/cpsc.h5            recordings of any length, whole
    python benchmarks/real.py transfer data/ptbxl.h5 data/cpsc.h5

The files are those of `rarebeat data build`; docs/benchmarks.md has the commands and what they gave.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import training.quiet  # noqa: F401  (before anything imports TensorFlow)

# isort: split
from real_data import between_patients, random_beats, twelve_leads
from real_data.fold_runs import Kept

from data_utils.cache import cache_folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, default=cache_folder() / "real")
    parts = parser.add_subparsers(dest="part", required=True)
    mitdb = parts.add_parser("mitdb")
    mitdb.add_argument("data", type=Path)
    mitdb.add_argument("--seeds", type=int, default=3, help="of the best configuration")
    mitdb.add_argument("--only", default="", help="configurations whose name has this in it")
    for part in ("mitdb-final", "random-beats", "ptb-xl", "cpsc"):
        parts.add_parser(part).add_argument("data", type=Path)
    transfer = parts.add_parser("transfer")
    transfer.add_argument("source", type=Path)
    transfer.add_argument("data", type=Path)
    transfer.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    kept = Kept(asked.cache)
    if asked.part == "mitdb":
        between_patients.compare(asked.data, kept, asked.seeds, asked.only)
    elif asked.part == "mitdb-final":
        between_patients.final(asked.data, kept, asked.cache / "best")
    elif asked.part == "random-beats":
        random_beats.compare(asked.data, kept)
    elif asked.part == "ptb-xl":
        twelve_leads.superclasses(asked.data, kept)
    elif asked.part == "cpsc":
        twelve_leads.whole_rows(asked.data, kept)
    else:
        twelve_leads.transfer(asked.source, asked.data, kept, asked.cache / "source", asked.seeds)


if __name__ == "__main__":
    main()
