"""What the charts of a run are drawn from: which rows, which points, which metrics together."""

from __future__ import annotations

import json

import numpy as np
import pytest

from rarebeat.server import file_stream
from rarebeat.server.pages.run.custom import is_matrix
from rarebeat.server.pages.run.families import families, machine_families
from rarebeat.server.pages.run.history import read_history, smoothed, thinned
from rarebeat.server.pages.run.logged_table import Logged
from rarebeat.server.store import Store


def charts(*names):
    return {family.title: [called for called, _ in family.lines] for family in families(names)}


def test_metrics_of_one_kind_are_lines_of_one_chart():
    assert charts("train/loss", "val/loss", "best/loss", "lr", "val/auprc/V", "val/auprc/N", "val/f1/N") == {
        "loss": ["val", "train", "best"],
        "lr": ["lr"],
        "val/f1/N": ["val/f1/N"],
        "val/auprc": ["N", "V"],
    }
    # Keras's own names, where the training side has none.
    assert charts("loss", "val_loss", "auc") == {"loss": ["val", "loss"], "auc": ["auc"]}


def test_devices_of_one_kind_are_lines_of_one_chart():
    listed = machine_families(["system.gpu.1.memory", "system.gpu.0.memory", "system.cpu"])
    assert [(family.title, [called for called, _ in family.lines]) for family in listed] == [
        ("cpu", ["cpu"]),
        ("gpu.memory", ["0", "1"]),
    ]


def test_thinning_keeps_every_peak_and_every_gap():
    y = np.zeros(10_000)
    y[[1234, 7777]], y[5000] = (9.0, -9.0), np.nan
    x, kept = thinned(np.arange(10_000.0), y, most=300)
    assert len(x) <= 305
    assert (np.nanmax(kept), np.nanmin(kept)) == (9.0, -9.0)
    assert 5000.0 in x[np.isnan(kept)]
    assert (x[0], x[-1]) == (0.0, 9999.0)


def test_smoothing_begins_at_the_first_value_and_leaves_gaps():
    # (0.5 * 0.5 * 4 + 0.5 * 8) / 0.75 = 6.667 by hand, without the pull towards 0 of a plain average.
    assert smoothed(np.array([4.0, 8.0, np.nan]), 0.5) == pytest.approx([4.0, 20 / 3, np.nan], nan_ok=True)


@pytest.fixture
def long_run(tmp_path):
    """A run of 20,000 rows, with a validation in one of 500 and an image in one of 5,000."""
    store = Store(tmp_path / "tracking.db")
    with store.write() as db:
        db.execute("INSERT INTO projects (entity, name, created_at) VALUES ('local', 'p', 0)")
        db.execute(
            "INSERT INTO runs (project_id, name, state, created_at, heartbeat_at) "
            "VALUES (1, 'r', 'running', 0, 0)"
        )
    rows = [{"_step": n, "loss": 1 / (n + 1)} for n in range(20_000)]
    for n in range(499, 20_000, 500):
        rows[n] |= {"val/loss": 1.0 + n}
    for n in range(4999, 20_000, 5000):
        rows[n] |= {"image": {"_type": "image-file"}}
    for first in range(0, 20_000, 250):
        lines = [json.dumps(row) for row in rows[first : first + 250]]
        body = {"files": {"wandb-history.jsonl": {"offset": first, "content": lines}}}
        file_stream.receive(store, "local", "p", "r", json.dumps(body).encode(), 1.0)
    return store


def test_of_a_long_history_few_rows_are_read_and_no_rare_one_is_missed(long_run):
    db = long_run.connection
    history = read_history(db, db.execute("SELECT * FROM runs").fetchone())
    assert history.total == 20_000
    assert len(history.rows) < 500
    x, y = history.series(["val/loss"], "_step")["val/loss"]
    assert x.tolist() == list(range(499, 20_000, 500))
    assert y.tolist() == (x + 1).tolist()
    assert sum("image" in row for row in history.rows) == 4
    assert (history.rows[0]["_step"], history.rows[-1]["_step"]) == (0, 19_999)


def test_a_matrix_written_out_as_a_table_is_told_from_other_tables():
    full = [["a", "a", 1], ["a", "b", 0], ["b", "a", 2], ["b", "b", 3]]
    assert is_matrix(Logged(["x", "y", "n"], full, None))
    assert not is_matrix(Logged(["x", "y", "n"], full[:3], None))
    assert not is_matrix(Logged(["x", "y", "n"], [["a", "b", "c"]], None))
    assert not is_matrix(Logged(["x", "y"], [["a", "b"]], None))
