"""What the charts of a run are drawn from: which rows, which points, which metrics together."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import numpy as np
import pytest

from rarebeat.server import file_stream
from rarebeat.server.pages.run.families import families, machine_families
from rarebeat.server.pages.run.head import page
from rarebeat.server.pages.run.history import read_history, smoothed, thinned
from rarebeat.server.pages.run.logged_table import Logged
from rarebeat.server.pages.run.matrix import is_matrix
from rarebeat.server.pages.run.opened import open_run
from rarebeat.server.pages.run.tabs import SHOWN, TABS
from rarebeat.server.pages.run.view import View
from rarebeat.server.pages.shell import Asked
from rarebeat.server.signing import Signer
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
    y = np.sin(np.arange(10_000.0))
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
    each = [[a, b, 1] for one in "NV" for a in (one, f"not {one}") for b in (one, f"not {one}")]
    assert is_matrix(Logged(["x", "y", "n"], each, None)), "a matrix for each class, of decisions by class"
    assert not is_matrix(Logged(["x", "y", "n"], each[:-1], None))
    assert not is_matrix(Logged(["x", "y", "n"], [["a", "b", "c"]], None))
    assert not is_matrix(Logged(["x", "y"], [["a", "b"]], None))


@pytest.fixture
def odd_run(tmp_path):
    """A run that has logged what no picture can be drawn of, and a server that holds it."""
    store = Store(tmp_path / "tracking.db")
    rows = [
        {"_step": 0, "x": 1e308, "y": 10**400, "e": {"deep": {"er": 1}}, "epoch": -1e308, "only": "NaN"},
        {"_step": 1, "x": -1e308, "y": "Infinity", "e": {"deep": {"er": 2}}, "epoch": 1e308, "only": "NaN"},
        {"_step": 2, "h": {"_type": "histogram", "values": [1], "packedBins": {"count": 10**9, "min": 0}}},
        {"_step": 3, "h2": {"_type": "histogram", "values": [1, "a"], "bins": None}},
        {"_step": 4, "i": {"_type": "images/separated", "filenames": [7, None], "captions": 3}},
        {"_step": 5, "t": {"_type": "table-file", "path": ["x"], "artifact_path": 5, "nrows": "NaN"}},
    ]
    visualize = {"c": 5, "d": {"panel_config": {"userQuery": [[{"name": "tableKey", "value": "t"}]]}}}
    summary = {name: value for row in rows for name, value in row.items()}
    with store.write() as db:
        db.execute("INSERT INTO projects (entity, name, created_at) VALUES ('local', 'p', 0)")
        db.execute(
            "INSERT INTO runs (project_id, name, state, created_at, heartbeat_at, config_json, summary_json,"
            " keys_json, history_lines) VALUES (1, 'r', 'failed', 0, 0, ?, ?, ?, ?)",
            (
                json.dumps(
                    {"_wandb": {"value": {"visualize": visualize, "e": [1]}}, "odd": 5, "list": [1] * 90}
                ),
                json.dumps(summary),
                json.dumps({"x": "number", "h": "histogram"}),
                len(rows),
            ),
        )
        lines = [(number, number, json.dumps(row)) for number, row in enumerate(rows)]
        db.executemany("INSERT INTO lines VALUES (1, 'history', ?, ?, ?)", lines)
    return SimpleNamespace(store=store, signer=Signer("key"), clock=lambda: 0.0)


@pytest.mark.parametrize("tab", [tab.name for tab in SHOWN])
@pytest.mark.parametrize(
    "query", [{}, {"x": "epoch", "smooth": "0.9"}, {"step": "3"}, {"table": "t", "page": "9"}]
)
def test_what_no_picture_can_be_drawn_of_still_has_its_page(odd_run, tab, query):
    names = {"entity": "local", "project": "p", "run": "r"}
    asked = Asked(odd_run, names, query, "http://here", 0.0)
    with np.errstate(all="raise"):
        body = "".join(page(open_run(asked), TABS[tab]).body)
    assert "nan" not in "".join(re.findall(r'<path[^>]*d="([^"]*)"', body))
    if tab == "workspace" and not query:
        assert "<figcaption>e.deep.er</figcaption>" in body
        assert '<div id="machine" data-live>' in body, "charts of the machine come to a page that is open"


def test_words_choose_whole_charts_or_lines_of_them():
    listed = families(["val/auprc/N", "val/auprc/S", "train/loss", "val/loss"])
    chosen = {words: View({}, match=words).shown(listed) for words in ("auprc", "AUPRC/s", "loss", "x")}
    names = {words: [name for family in found for _, name in family.lines] for words, found in chosen.items()}
    assert names == {
        "auprc": ["val/auprc/N", "val/auprc/S"],
        "AUPRC/s": ["val/auprc/S"],
        "loss": ["val/loss", "train/loss"],
        "x": [],
    }
    assert [family.title for family in chosen["AUPRC/s"]] == ["val/auprc/S"]


def test_of_rows_full_of_histograms_fewer_are_read(odd_run):
    wide = json.dumps({"loss": 1, "weights": {"_type": "histogram", "values": [0] * 30_000}})
    db = odd_run.store.connection
    db.executemany(
        "INSERT OR REPLACE INTO lines VALUES (1, 'history', ?, 0, ?)", [(n, wide) for n in range(300)]
    )
    db.execute("UPDATE runs SET history_lines = 300")
    history = read_history(db, db.execute("SELECT * FROM runs").fetchone())
    # 8 million characters of 90 thousand each.
    assert (len(history.rows), history.total) == (88, 300)


def results(server, rows, **query):
    """The plots and tables of a run with these rows."""
    db = server.store.connection
    db.execute("DELETE FROM lines")
    lines = [(number, number, json.dumps(row)) for number, row in enumerate(rows)]
    db.executemany("INSERT INTO lines VALUES (1, 'history', ?, ?, ?)", lines)
    db.execute("UPDATE runs SET history_lines = ?, summary_json = '{}'", (len(rows),))
    names = {"entity": "local", "project": "p", "run": "r"}
    return "".join(page(open_run(Asked(server, names, query, "http://here", 0.0)), TABS["results"]).body)


def test_a_step_before_the_first_picture_shows_the_first(odd_run):
    rows = [{"_step": step, "h": {"_type": "histogram", "values": [step], "bins": [0, 1]}} for step in (5, 9)]
    shown = results(odd_run, rows, step="2")
    assert "As of step 5 of 9" in shown
    assert "5 values from 0 to 1" in shown


@pytest.mark.parametrize("rows", [[[1e16], [1e16 + 2]], {}])
def test_a_table_that_cannot_be_drawn_leaves_the_other_plots_their_page(odd_run, tmp_path, rows):
    stored = tmp_path / "t.json"
    stored.write_text(json.dumps({"columns": ["v"], "data": rows}))
    odd_run.blobs = SimpleNamespace(path=lambda blob: stored)
    db = odd_run.store.connection
    db.execute("INSERT INTO blobs (digest, md5, size, created_at) VALUES ('b', 'm', 1, 0)")
    db.execute("INSERT INTO files (run_id, name, blob, updated_at) VALUES (1, 't.json', 'b', 0)")
    query = [{"name": "tableKey", "value": "t"}]
    panel = {"panelDefId": "wandb/histogram/v0", "userQuery": query, "fieldSettings": {"value": "v"}}
    config = {"_wandb": {"value": {"visualize": {"c": {"panel_config": panel}}}}}
    db.execute("UPDATE runs SET config_json = ?", (json.dumps(config),))
    logged = [
        {"_step": 0, "t": {"_type": "table-file", "path": "t.json"}},
        {"_step": 1, "h": {"_type": "histogram", "values": [3], "bins": [0, 1]}},
    ]
    assert "3 values from 0 to 1" in results(odd_run, logged)
