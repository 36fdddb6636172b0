"""Whether a place takes files."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_utils.writable import takes_files

NO_FOLDER = Path("/proc/self/nothing/here")


def test_a_folder_that_is_there_or_can_be_made_takes_files_and_is_left_as_it_was(tmp_path: Path) -> None:
    assert takes_files(tmp_path)
    assert takes_files(tmp_path / "not" / "yet")
    assert list(tmp_path.iterdir()) == []


def test_nothing_can_be_made_below_a_file_whoever_asks(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert not takes_files(tmp_path / "file" / "folder")


def test_nothing_can_be_made_below_what_cannot_even_be_looked_for(tmp_path: Path) -> None:
    assert not takes_files(tmp_path / ("a" * 300) / "folder")


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="there is no /proc on this system")
def test_a_file_system_that_only_looks_like_one_takes_none() -> None:
    assert not takes_files(NO_FOLDER)
