"""Every opening of a sealed side is one line beside it."""

import json

import pytest

from data_utils.errors import BadInput
from training.ledger import ledger_path, openings, record_opening


def test_openings_are_appended_and_counted(tmp_path):
    file = tmp_path / "beats.test.h5"

    assert openings(file) == 0
    assert record_opening(file, {"run": "a"}) == 1
    assert record_opening(file, {"run": "b"}) == 2

    assert ledger_path(file) == tmp_path / "beats.test.ledger.jsonl"
    assert [json.loads(line)["run"] for line in ledger_path(file).read_text().splitlines()] == ["a", "b"]


def test_a_ledger_that_cannot_be_written_keeps_the_side_closed(tmp_path):
    ledger_path(tmp_path / "beats.test.h5").mkdir()

    with pytest.raises(BadInput, match=r"not opened without a line in its ledger"):
        record_opening(tmp_path / "beats.test.h5", {"run": "a"})
