"""Writing a dataset: both files whole, or nothing at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from data_utils.dataset import open_dataset
from data_utils.errors import BadInput
from data_utils.layout import test_path as sealed_path
from data_utils.write import BeatRows, Description, writing

DESCRIPTION = Description(
    task="multilabel",
    classes=("A", "B"),
    class_names=("A", "B"),
    leads=("I", "II"),
    rate=100.0,
    covariates=(),
    source="test",
    licence="none",
    simulated=False,
    groups_known=True,
    preparation={},
)
ROWS = BeatRows(np.array([3]), np.array([[1, 0]], np.uint8), np.zeros((1, 0), np.float32))


def _write(path: Path, value: float = 0.0, overwrite: bool = False) -> None:
    with writing(path, DESCRIPTION, overwrite) as writer:
        for name, split in (("r1", "train"), ("r2", "validation"), ("r3", "test")):
            writer.add(name, name, split, np.full((1000, 2), value), ROWS)
        writer.finish({"r1": 0, "r2": 1})


def test_samples_are_contiguous_and_the_file_has_no_slack(tmp_path: Path) -> None:
    _write(tmp_path / "x.h5")
    with h5py.File(tmp_path / "x.h5") as file:
        assert file["samples"].chunks is None and file["samples"].compression is None
        assert file["samples"].shape == (2000, 2)
    # 2000 samples of 2 channels in 2 bytes, and HDF5's own bookkeeping.
    assert 8000 < (tmp_path / "x.h5").stat().st_size < 8000 + 40_000


def test_the_same_build_has_the_same_digest_and_another_one_has_not(tmp_path: Path) -> None:
    for name, value in (("a.h5", 0.0), ("b.h5", 0.0), ("c.h5", 0.5)):
        _write(tmp_path / name, value)
    a, b, c = (open_dataset(tmp_path / name).digest for name in ("a.h5", "b.h5", "c.h5"))
    assert a == b != c


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), writing(tmp_path / "x.h5", DESCRIPTION) as writer:
        writer.add("r1", "r1", "train", np.zeros((1000, 2)), ROWS)
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("other", ["validation", "test"])
def test_a_patient_is_on_one_side_unless_a_published_split_says_otherwise(tmp_path: Path, other: str) -> None:
    def write(on_both_sides: tuple[str, ...]) -> None:
        with writing(tmp_path / "x.h5", DESCRIPTION, on_both_sides=on_both_sides) as writer:
            writer.add("r1", "anna", "train", np.zeros((1000, 2)), ROWS)
            writer.add("r2", "anna", other, np.zeros((1000, 2)), ROWS)

    with pytest.raises(ValueError, match=f"r2 is {other}, but its patient anna is train"):
        write(())
    write(("anna",))


def test_nothing_to_train_on_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No rows are left"), writing(tmp_path / "x.h5", DESCRIPTION) as writer:
        writer.add("r3", "r3", "test", np.zeros((1000, 2)), ROWS)
        writer.finish({})
    assert list(tmp_path.iterdir()) == []


def test_if_one_file_cannot_be_moved_both_old_ones_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.h5"
    _write(path)
    before = path.read_bytes(), sealed_path(path).read_bytes()
    replace = os.replace

    def full_disk(source: Path, target: Path) -> None:
        if Path(target) == path and "old." not in Path(source).name:
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", full_disk)
    with pytest.raises(BadInput, match="no space left"):
        _write(path, value=1.0, overwrite=True)
    assert (path.read_bytes(), sealed_path(path).read_bytes()) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.h5", "x.test.h5"]


def test_a_disk_that_fills_up_while_recordings_come_in_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = os.open("/dev/full", os.O_RDWR)
    spools = iter([os.fdopen(os.dup(full), "r+b"), os.fdopen(full, "r+b")])
    monkeypatch.setattr("data_utils.write._spool", lambda _: next(spools))
    with (
        pytest.raises(BadInput, match="no space left"),
        writing(tmp_path / "x.h5", DESCRIPTION) as writer,
    ):
        writer.add("r1", "r1", "train", np.zeros((100_000, 2)), ROWS)
    assert list(tmp_path.iterdir()) == []


def test_a_signal_while_the_working_folder_is_made_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mkdir = os.mkdir

    def interrupted(path: Path, *mode: int) -> None:
        mkdir(path, *mode)
        raise SystemExit(143)

    monkeypatch.setattr(os, "mkdir", interrupted)
    with pytest.raises(SystemExit), writing(tmp_path / "x.h5", DESCRIPTION):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_killed_writer_leaves_no_data_file_and_the_next_one_clears_up(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys, numpy as np\n"
        "from pathlib import Path\n"
        "from data_utils.simulate import _description\n"
        "from data_utils.write import writing\n"
        "with writing(Path(sys.argv[1]), _description(1, 1, 0)) as writer:\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "x.h5")], check=False)
    assert done.returncode == -signal.SIGKILL
    assert [p.name for p in tmp_path.glob("*.h5")] == []
    assert len(list(tmp_path.iterdir())) == 1  # its hidden working folder
    _write(tmp_path / "x.h5")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.h5", "x.test.h5"]


@pytest.mark.parametrize("existing", ["x.h5", "x.test.h5"])
def test_does_not_replace_a_file_unasked(tmp_path: Path, existing: str) -> None:
    (tmp_path / existing).write_text("precious")
    with pytest.raises(BadInput, match="is there already"):
        _write(tmp_path / "x.h5")
    assert (tmp_path / existing).read_text() == "precious"
    _write(tmp_path / "x.h5", overwrite=True)
    assert len(open_dataset(tmp_path / "x.h5")) == 2


@pytest.mark.parametrize("name", ["x.h5", "x.test.h5"])
def test_never_replaces_a_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "recording").write_text("precious")
    with pytest.raises(BadInput, match="is a folder"):
        _write(tmp_path / "x.h5", overwrite=True)
    assert (tmp_path / name / "recording").read_text() == "precious"


def test_a_folder_that_cannot_be_written_to_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot be written to"):
        _write(tmp_path / "file" / "x.h5")
