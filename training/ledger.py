"""The ledger of a sealed test side: one line for every time that it was opened, written before its numbers.

A test side answers once. Each further look, and each model chosen after one, makes its number a little
more of a validation number; so every opening is counted, and the count stands beside the number.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from data_utils.errors import BadInput


def ledger_path(test_file: Path) -> Path:
    """Return where the ledger of X.test.h5 lies: X.test.ledger.jsonl beside it."""
    return Path(test_file).with_suffix(".ledger.jsonl")


def record_opening(test_file: Path, entry: dict) -> int:
    """Append one line to the ledger, sync it to disk, and return how many there are now.

    Args:
        entry: plain data that says who opened it with what.

    Raises:
        BadInput: the ledger cannot be written, so that the test side stays closed.
    """
    path = ledger_path(test_file)
    try:
        with path.open("a") as ledger:
            ledger.write(json.dumps(entry) + "\n")
            ledger.flush()
            os.fsync(ledger.fileno())
    except OSError as error:
        raise BadInput(
            f"{path} cannot be written to ({error.strerror}), and a test side is not opened without a line "
            "in its ledger: put both into a folder of yours."
        ) from error
    return openings(test_file)


def openings(test_file: Path) -> int:
    """Return how often the test side has been opened so far."""
    path = ledger_path(test_file)
    return sum(1 for line in path.read_text().splitlines() if line.strip()) if path.exists() else 0
