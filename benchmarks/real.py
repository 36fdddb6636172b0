"""What a run comes to on real recordings. Each part prints one table; what was trained is kept in --cache.

    python benchmarks/real.py mitdb data/mitdb.h5          between patients: configurations on folds of DS1
    python benchmarks/real.py mitdb-final data/mitdb.h5    the best of them against the peer; DS2, once

The files are those of `rarebeat data build`; docs/benchmarks.md has the commands and what they gave.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import training.quiet  # noqa: F401  (before anything imports TensorFlow)

# isort: split
from real_data import between_patients
from real_data.fold_runs import Kept

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "rarebeat" / "real"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, default=CACHE)
    parts = parser.add_subparsers(dest="part", required=True)
    mitdb = parts.add_parser("mitdb")
    mitdb.add_argument("data", type=Path)
    mitdb.add_argument("--seeds", type=int, default=3, help="of the best configuration")
    mitdb.add_argument("--only", default="", help="configurations whose name has this in it")
    final = parts.add_parser("mitdb-final")
    final.add_argument("data", type=Path)
    asked = parser.parse_args()
    kept = Kept(asked.cache)
    if asked.part == "mitdb":
        between_patients.compare(asked.data, kept, asked.seeds, asked.only)
    elif asked.part == "mitdb-final":
        between_patients.final(asked.data, kept, asked.cache / "best")


if __name__ == "__main__":
    main()
