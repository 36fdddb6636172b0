"""`rarebeat tune` from its command line: the form of a sweep's leaderboard, and a model that evaluates."""

import json

import keras

from rarebeat.ranking import rank
from rarebeat.sweep_runs import Entry, SweepRuns
from rarebeat.tune import _bring_home

SMALLER = ("--set", "epochs=1", "--set", "steps_per_epoch=3")


def test_the_same_yaml_is_searched_in_one_process_and_leaves_a_model(terminal, tmp_path, data, sweep_yaml):
    shell = terminal(tmp_path)
    (tmp_path / "sweep.yaml").write_text(sweep_yaml)

    done = shell.run(
        "rarebeat", "tune", "sweep.yaml", "--data", data, "--tuner", "random", "--runs", "2", "-o", "won",
        *SMALLER, "--set", "folds=2", "--json",
    )  # fmt: skip
    found = json.loads(done.stdout)

    board = found["leaderboard"]
    assert board["metric"] == "best/macro_auprc" and board["goal"] == "maximize"
    assert len(board["runs"]) == 2
    first, second = board["runs"]
    assert first["objective"] >= second["objective"]
    assert first["interval"] and set(first["f1"]) == {"N", "S", "V", "F"}
    assert {"loss", "sampler", "epochs"} <= set(first["hyperparameters"])
    assert "SIMULATED BEATS: these numbers say nothing about patients." in board["notices"]
    assert found["best"]["run"] == first["run"]
    assert keras.models.load_model(tmp_path / "won" / "model.keras").output_shape == (None, 4)
    assert first["run"] in done.stderr
    assert not (tmp_path / "wandb").exists()


def test_the_best_of_a_search_goes_to_where_a_link_leads(tmp_path, monkeypatch):
    """As where runs/best lies on another disk: the search is over, and its folder about to go."""
    monkeypatch.setattr("rarebeat.tune.read_card", lambda folder: {"in": folder.name})
    for folder in ("trial", "disk"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "card.json").write_text(folder)
    (tmp_path / "best").symlink_to(tmp_path / "disk")
    entry = Entry("t", "t", "finished", 0.5, summary={"best/x": 0.5})
    runs = SweepRuns("local/tune/s", "", "FINISHED", "best/x", "maximize", (), (entry,))
    assert _bring_home(tmp_path / "trial", rank(runs), tmp_path / "best").value == 0.5
    assert (tmp_path / "disk" / "card.json").read_text() == "trial"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best", "disk", "trial"]


def test_a_tuner_that_is_none_and_a_file_that_is_no_sweep_are_refused(terminal, tmp_path, data):
    shell = terminal(tmp_path)
    (tmp_path / "sweep.yaml").write_text(
        "program: other.py\nmethod: random\nparameters: {a: {values: [1, 2]}}\n"
    )

    assert "is not one of" in shell.run("rarebeat", "tune", "sweep.yaml", "--tuner", "best", code=2).stderr
    said = shell.run("rarebeat", "tune", "sweep.yaml", "--data", data, code=2).stderr
    assert "use `rarebeat sweep`" in said


def test_a_data_file_that_is_not_there_is_one_sentence_without_tensorflows_own(
    terminal, tmp_path, sweep_yaml
):
    (tmp_path / "sweep.yaml").write_text(sweep_yaml)
    said = terminal(tmp_path).refuses("rarebeat", "tune", "sweep.yaml", "--data", "none.h5")
    assert said.startswith("Error: There is no data file none.h5")


def test_a_sweep_over_data_files_is_refused_instead_of_taking_another(terminal, tmp_path, sweep_yaml):
    (tmp_path / "sweep.yaml").write_text(sweep_yaml.replace("{value: nowhere.h5}", "{values: [a.h5, b.h5]}"))
    said = terminal(tmp_path).refuses("rarebeat", "tune", "sweep.yaml")
    assert "names several data files" in said


def test_the_sealed_side_is_refused_before_anything_is_tried(terminal, tmp_path, data, sweep_yaml):
    (tmp_path / "sweep.yaml").write_text(sweep_yaml)
    sealed = data.with_suffix(".test.h5")
    said = terminal(tmp_path).refuses("rarebeat", "tune", "sweep.yaml", "--data", sealed)
    assert "is the sealed test side: tune on the training file beside it" in said
