"""What quality control rejects is kept by measure and lead, beside a sentence that says why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data_utils.dataset import open_dataset
from data_utils.simulate import simulate_recording
from data_utils.sources.importing import Listed, Listing, write_listing
from data_utils.sources.options import DealtOptions
from data_utils.sources.signal import Signal
from data_utils.write import Description

LEADS = ("I", "II", "V1")
RATE = 360.0


def read(number: int) -> Signal:
    """20 s of three leads; number 5 moves by a hundredth of what it should, on two of them."""
    one = simulate_recording(1, np.random.default_rng([0, number])).samples[:7200, 0].astype(float)
    one -= np.convolve(one, np.ones(721) / 721, "same")
    return Signal(np.outer(one, [1, 0.01, 0.01] if number == 5 else [1, 1, 1]), RATE, LEADS)


def test_what_quality_control_rejects_is_a_table(tmp_path: Path) -> None:
    recordings = [Listed(f"r{n}", f"p{n}", np.eye(2, dtype=np.uint8)[n % 2], where=(n,)) for n in range(12)]
    classes = ("A", "B")
    description = Description("multiclass", classes, classes, LEADS, RATE, (), "test", "none", True, True, {})
    options = DealtOptions(leads=LEADS, rate=RATE, quality=True, folds=2)
    left_out = write_listing(Listing(description, recordings), read, tmp_path / "x.h5", options)

    (entry,) = open_dataset(tmp_path / "x.h5").summary["left_out"]
    assert entry["what"] == "r5" and entry["classes"] == {"B": 1}
    assert entry["reason"].startswith("quality: amplitude ") and entry["reason"] == left_out[0].reason
    rejected = [one for one in entry["failures"] if one["measure"] == "amplitude"]
    spread = np.diff(np.percentile(read(5).samples, (1, 99), axis=0), axis=0)[0]
    assert [(one["lead"], one["limit"]) for one in rejected] == [("II", 0.05), ("V1", 0.05)]
    assert [one["value"] for one in rejected] == pytest.approx(spread[1:].tolist())
    # 5 s of the first lead that failed, every fourth of 360 samples a second, to the microvolt.
    assert (entry["strip"]["lead"], entry["strip"]["rate"]) == ("II", 90.0)
    assert entry["strip"]["signal"] == pytest.approx(read(5).samples[:1800:4, 1].tolist(), abs=5e-4)
