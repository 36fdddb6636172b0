"""Every opening of a sealed side is one line beside it."""

import json

from training.ledger import ledger_path, openings, record_opening


def test_openings_are_appended_and_counted(tmp_path):
    file = tmp_path / "beats.test.h5"

    assert openings(file) == 0
    assert record_opening(file, {"run": "a"}) == 1
    assert record_opening(file, {"run": "b"}) == 2

    assert ledger_path(file) == tmp_path / "beats.test.ledger.jsonl"
    assert [json.loads(line)["run"] for line in ledger_path(file).read_text().splitlines()] == ["a", "b"]
