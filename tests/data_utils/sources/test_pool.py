"""Work that is dealt to other processes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from data_utils.sources.pool import in_order


def test_nothing_in_the_folder_is_taken_for_a_module_by_the_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("signal.py", "data_utils.py"):
        (tmp_path / name).write_text("raise SystemExit('not this one')\n")
    monkeypatch.chdir(tmp_path)
    before = dict(os.environ)
    # 500 are enough for processes to be worth it.
    assert list(in_order(abs, range(-500, 0))) == list(range(500, 0, -1))
    assert dict(os.environ) == before
