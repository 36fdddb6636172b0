"""The folder of a hospital, as it is before anything goes wrong in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data_utils.sources.records.hospital import write_hospital


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_hospital(tmp_path / "ward")
