"""Ranking and its table, on runs made by hand."""

from __future__ import annotations

import io
import math
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from data_utils.errors import BadInput
from rarebeat import leaderboard
from rarebeat.configurations import in_order, join, only, together
from rarebeat.doubt import Doubt, Doubts, resample
from rarebeat.ranking import classes, notices, rank, varying
from rarebeat.sweep_runs import Entry, SweepRuns, flatten, numbers, searched
from rarebeat.tables import Column, duration, stacked
from training.objective import objective
from training.predictions import Predictions

METRIC = "best/macro_auprc"
DATA = {"digest": "d", "simulated": False, "groups_known": True, "classes": ["N", "S", "V", "F"]}


def entry(run: str, objective: float | None = None, state: str = "finished", **rest: object) -> Entry:
    summary = {} if objective is None else {METRIC: objective}
    summary |= rest.pop("summary", {})
    return Entry(run, f"name-{run}", state, objective, summary=summary, **rest)


def sweep(
    *entries: Entry, goal: str = "maximize", searched: tuple[str, ...] = ("gamma", "loss")
) -> SweepRuns:
    return SweepRuns("local/p/s", "http://x/local/p/sweeps/s", "FINISHED", METRIC, goal, searched, entries)


def order(runs: SweepRuns, sort: str | None = None) -> list[str]:
    return [entry.id for entry in rank(runs, sort).ranked]


def printed(runs: SweepRuns, width: int = 200, doubts: Doubts | None = None) -> str:
    stream = io.StringIO()
    leaderboard.show(rank(runs), doubts or Doubts(), Console(file=stream, width=width, highlight=False))
    return stream.getvalue()


def test_best_objective_comes_first_and_a_tie_goes_by_run_id():
    assert order(sweep(entry("b", 0.5), entry("c", 0.7), entry("a", 0.5))) == ["c", "a", "b"]


def test_a_minimised_objective_ranks_the_smallest_first():
    assert order(sweep(entry("a", 0.5), entry("b", 0.2), goal="minimize")) == ["b", "a"]


def test_another_metric_ranks_upwards_unless_it_is_a_loss_or_an_error():
    runs = sweep(
        entry("a", 0.9, summary={"val/f1/S": 0.1, "val/loss": 1.0, "final/brier/S": 0.1}),
        entry("b", 0.1, summary={"val/f1/S": 0.4, "val/loss": 2.0, "final/brier/S": 0.2}),
    )
    assert order(runs, "val/f1/S") == ["b", "a"]
    assert order(runs, "val/loss") == order(runs, "final/brier/S") == ["a", "b"]


def test_only_runs_that_are_over_and_have_the_objective_are_ranked_the_rest_is_counted():
    ranking = rank(
        sweep(
            entry("a", 0.5),
            entry("b", 0.9, state="running"),
            entry("c", 0.8, state="crashed"),
            entry("d", state="finished"),
            entry("e", 0.1, state="killed"),
        )
    )
    assert [e.id for e in ranking.ranked] == ["a", "e"]
    assert ranking.others == {"crashed": 1, "finished": 1, "running": 1}


def test_a_run_that_was_stopped_between_its_folds_is_not_ranked_by_the_first_of_them():
    stopped = entry("early", 0.9, "killed", summary={"fold": 0})
    ranking = rank(sweep(entry("whole", 0.6, summary={"fold": 2}), stopped))
    assert [e.id for e in ranking.ranked] == ["whole"]
    assert ranking.others == {"killed": 1}
    with pytest.raises(BadInput, match=r"no finished run yet \(1 killed\)"):
        rank(sweep(stopped))


@pytest.mark.parametrize(
    ("runs", "sort", "words"),
    [
        (sweep(), None, "has no runs yet"),
        (
            sweep(entry("a", state="failed"), entry("b", state="running")),
            None,
            "no finished run yet (1 failed",
        ),
        (
            sweep(entry("a", 0.5)),
            "val/f1/X",
            "has logged a finite val/f1/X (1 finished); logged are: best/macro_auprc",
        ),
        (
            sweep(entry("a", 0.5, summary={"val/f1/V": 0.5, "val/f1/S": 0.5})),
            "val/f1/s",
            "did you mean val/f1/S?",
        ),
        (sweep(entry("a", 0.5)), "best/macro_auprs", "(1 finished); did you mean best/macro_auprc?"),
        (
            sweep(entry("a", 0.5, summary={f"m{i}": 0.0 for i in range(20)})),
            "val/f1/X",
            "logged are: best/macro_auprc, m0, m1, m10, m11, m12, m13, m14, … (21 in all)",
        ),
        (replace(sweep(entry("a", 0.5)), metric=""), None, "has no metric, so nothing says"),
    ],
)
def test_nothing_to_rank_is_said_in_one_sentence(runs, sort, words):
    with pytest.raises(BadInput) as refused:
        rank(runs, sort)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_columns_are_the_hyperparameters_that_differ_in_the_sweeps_order():
    runs = sweep(
        entry("a", 0.1, config={"loss": "ce", "gamma": 2.0, "seed": 1, "dropout": 0.1}),
        entry("b", 0.2, config={"loss": "focal", "gamma": 1.0, "seed": 1, "dropout": 0.3}),
    )
    assert varying(rank(runs)) == ["gamma", "loss", "dropout"]


def test_a_single_run_shows_what_was_searched():
    assert varying(rank(sweep(entry("a", 0.1, config={"loss": "ce", "epochs": 3})))) == ["loss"]


def test_an_inactive_hyperparameter_is_a_dash():
    runs = sweep(
        entry("a", 0.2, config={"loss": "ce", "gamma": 4.25}, inactive=frozenset({"gamma"})),
        entry("b", 0.1, config={"loss": "focal", "gamma": 1.25}),
    )
    text = printed(runs)
    assert "4.25" not in text
    assert "1.25" in text
    assert "–" in text


def test_classes_come_in_the_data_sets_order():
    summary = {"val/f1/F": 0.1, "val/f1/N": 0.9, "val/f1/S": 0.3}
    assert classes([entry("a", 0.1, summary=summary, dataset=DATA)]) == ["N", "S", "F"]


def test_simulated_beats_unknown_groups_and_unranked_classes_are_said():
    data = DATA | {"simulated": True, "groups_known": False, "ranked_classes": ["N", "S", "V"]}
    said = "\n".join(notices(rank(sweep(entry("a", 0.1, dataset=data)))))
    assert "SIMULATED BEATS" in said
    assert "GROUPS: UNKNOWN" in said
    assert "validation: F." in said


def test_runs_on_different_data_are_said_not_to_compare():
    other = DATA | {"digest": "e"}
    ranking = rank(sweep(entry("a", 0.1, dataset=DATA), entry("b", 0.2, dataset=other)))
    assert "different data sets" in notices(ranking)[0]


def test_nothing_is_said_of_real_beats_of_known_patients():
    assert notices(rank(sweep(entry("a", 0.1, dataset=DATA | {"ranked_classes": DATA["classes"]})))) == []


@pytest.mark.parametrize("width", [50, 80, 120, 200])
def test_no_number_is_cut_or_wrapped_whatever_the_width(width):
    scores = {
        f"val/{m}/{c}": 0.001 * i for i, (m, c) in enumerate((m, c) for m in ("f1", "auprc") for c in "NSVF")
    }
    config = {f"hyperparameter_{i}": 1234.5 + i for i in range(8)}
    other = {name: value * 2 for name, value in config.items()}
    text = printed(
        sweep(
            entry("abcdefgh", 0.5, summary=scores, config=config, dataset=DATA),
            entry("ijklmnop", 0.4, summary=scores, config=other, dataset=DATA),
        ),
        width,
    )
    assert max(len(line) for line in text.splitlines()) <= width
    assert "…" not in text
    for value in ("0.5000", "0.4000", *(f"{v:.3f}" for v in scores.values()), "hyperparameter_7", "abcdefgh"):
        assert value in text


@pytest.mark.parametrize("name", ["baseline [v2]", "half [/b]"])
def test_a_run_is_shown_by_the_name_that_somebody_gave_it(name):
    assert name in printed(sweep(replace(entry("a", 0.5), name=name)))


def test_wide_tables_go_on_below_with_their_key_columns_again():
    # Each column takes 4 + 3 of the terminal and the frame 1: key and one column fit 15, not two.
    columns = [Column("run", ("aaaa",), key=True), Column("x", ("1111",)), Column("y", ("2222",))]
    assert [[c.header for c in t.columns] for t in stacked(columns, 15)] == [["run", "x"], ["run", "y"]]
    assert [[c.header for c in t.columns] for t in stacked(columns, 22)] == [["run", "x", "y"]]


def test_json_has_places_objectives_and_only_active_hyperparameters():
    runs = sweep(
        entry("a", 0.2, config={"loss": "ce", "gamma": 4.0}, inactive=frozenset({"gamma"})), entry("b", 0.6)
    )
    data = leaderboard.as_data(rank(runs), Doubts())
    assert [(r["rank"], r["run"], r["objective"]) for r in data["runs"]] == [(1, "b", 0.6), (2, "a", 0.2)]
    assert data["runs"][1]["hyperparameters"] == {"loss": "ce"}


def test_numbers_keeps_finite_ones_and_names_nested_ones_with_dots():
    logged = {"a": 1, "b": math.nan, "c": "NaN", "d": True, "e": {"min": 0.5}, "f": math.inf}
    assert numbers(logged) == {"a": 1, "e.min": 0.5}


def test_flatten_joins_names_with_dots():
    assert flatten({"a": {"b": {"c": 1}}, "d": 2}) == {"a.b.c": 1, "d": 2}


def test_searched_parameters_are_those_with_more_than_one_value():
    parameters = {
        "epochs": {"value": 3},
        "one": {"values": [1]},
        "loss": {"values": ["ce", "focal"]},
        "gamma": {"min": 0.0, "max": 5.0},
        "nested": {"parameters": {"depth": {"values": [1, 2]}}},
    }
    assert searched(parameters) == ("loss", "gamma", "nested.depth")


def test_durations_read_as_clocks():
    assert [duration(s) for s in (None, 5, 65.4, 3725)] == ["–", "0:05", "1:05", "1:02:05"]


def test_intervals_and_ties_stand_beside_the_objective():
    runs = sweep(entry("a", 0.6, config={"loss": "ce"}), entry("b", 0.5), entry("c", 0.2))
    doubts = Doubts(
        {"a": Doubt(0.5, 0.7, True), "b": Doubt(0.4, 0.65, True), "c": Doubt(0.1, 0.3, False)}, 12
    )
    text = printed(runs, doubts=doubts)
    rows = [line.split("│")[1:5] for line in text.splitlines() if line.startswith("│")]
    assert [[cell.strip() for cell in row] for row in rows] == [
        ["=1", "a", "0.6000", "0.500-0.700"],
        ["=2", "b", "0.5000", "0.400-0.650"],
        ["3", "c", "0.2000", "0.100-0.300"],
    ]
    assert "these patients cannot tell 2 of the first runs apart" in text
    assert "TOO FEW PATIENTS (12)" in text
    data = leaderboard.as_data(rank(runs), doubts)
    assert [run["tied"] for run in data["runs"]] == [True, True, False]
    assert data["runs"][0]["interval"] == [0.5, 0.7]


def test_f1_of_a_class_is_the_one_at_thresholds_of_other_patients_where_runs_have_it():
    scores = {"val/f1/S": 0.1, "val/f1_tuned/S": 0.4}
    text = printed(sweep(entry("a", 0.5, summary=scores), entry("b", 0.4, summary=scores)))
    assert "0.400" in text
    assert "0.100" not in text


def seeds() -> SweepRuns:
    """Focal three times, of which one seed is lucky, and cross-entropy with two values of what it ignores."""
    return sweep(
        entry("lucky", 0.9, config={"loss": "focal", "seed": 0}, summary={"_runtime": 60.0}),
        entry("b", 0.5, config={"loss": "focal", "seed": 1}, summary={"_runtime": 60.0}),
        entry("c", 0.4, config={"loss": "focal", "seed": 2}, summary={"_runtime": 30.0}),
        entry("d", 0.7, config={"loss": "ce", "gamma": 1.0, "seed": 0}, inactive=frozenset({"gamma"})),
        entry("e", 0.7, config={"loss": "ce", "gamma": 4.0, "seed": 0}, inactive=frozenset({"gamma"})),
    )


def test_runs_that_differ_in_seed_or_in_what_has_no_effect_are_one_line_by_their_mean():
    ranking = together(rank(seeds()))
    assert [[run.id for run in one.members] for one in ranking.ranked] == [["d", "e"], ["lucky", "b", "c"]]
    assert [ranking.value(one) for one in ranking.ranked] == pytest.approx([0.7, 0.6])
    assert ranking.ranked[1].seconds == 150.0
    assert "5 runs of 2 configurations" in leaderboard.title(ranking)
    assert leaderboard.as_data(ranking, Doubts())["runs"][0]["runs"] == ["d", "e"]


def test_one_data_file_under_two_paths_is_one_configuration_and_two_files_under_one_are_two():
    def run(name: str, data: str, digest: str) -> Entry:
        return entry(name, 0.5, config={"data": data}, dataset={"digest": digest}, path=name)

    runs = sweep(run("a", "x.h5", "d"), run("b", "/far/x.h5", "d"), run("c", "x.h5", "e"))
    lines = together(rank(runs)).ranked
    assert [[one.id for one in line.members or (line,)] for line in lines] == [["a", "b"], ["c"]]


def test_models_are_taken_from_the_best_configuration_first_though_another_run_was_luckier():
    expected = ["d", "e", "lucky", "b", "c"]
    assert [run.id for run in in_order(rank(seeds()))] == expected
    assert [run.id for run in in_order(together(rank(seeds())))] == expected


@pytest.mark.parametrize(
    ("condition", "left"),
    [
        ("loss=focal", ["lucky", "b", "c"]),
        ("loss != focal", ["d", "e"]),
        ("seed<=1", ["lucky", "d", "e", "b"]),
        (f"{METRIC}>0.6", ["lucky", "d", "e"]),
        ("run=b", ["b"]),
        # Text, as YAML has it.
        ("seed<1e0", ["lucky", "d", "e"]),
    ],
)
def test_only_runs_that_meet_a_condition_are_left(condition, left):
    assert order(only(seeds(), [condition])) == left


@pytest.mark.parametrize(
    ("condition", "left"), [("dense=64", ["a"]), ("dense='64'", ["a"]), ("dense!=64", ["b"])]
)
def test_what_is_text_in_a_run_is_compared_as_text(condition, left):
    runs = sweep(entry("a", 0.5, config={"dense": "64"}), entry("b", 0.4, config={"dense": "64,32"}))
    assert order(only(runs, [condition])) == left


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("loss", "is no condition"),
        ("lss=ce", "no run has lss"),
        ("gamma>0", "no run has gamma"),
        ("seed>9", "no run meets it"),
        ("loss<3", "cannot be compared"),
    ],
)
def test_a_condition_that_leaves_nothing_is_refused(condition, words):
    with pytest.raises(BadInput, match=words):
        only(seeds(), [condition])


def test_several_sweeps_rank_together_unless_they_optimise_different_things():
    one, other = sweep(entry("a", 0.5, path="l/p/a")), sweep(entry("b", 0.6, path="l/p/b"))
    assert order(join([one, other])) == ["b", "a"]
    with pytest.raises(BadInput, match="do not compare"):
        join([one, sweep(entry("c", 0.1, path="l/p/c"), goal="minimize")])


def test_the_table_goes_to_a_spreadsheet_with_every_number():
    table = leaderboard.as_table(leaderboard.columns(rank(seeds()), Doubts()))
    rows = [line.split(",") for line in table.splitlines()]
    assert rows[0][:3] == ["rank", "run", "macro_auprc"]
    assert [row[1] for row in rows[1:]] == ["lucky", "d", "e", "b", "c"]


def said(seed: int, skill: float) -> Predictions:
    rng = np.random.default_rng(seed)
    group = np.repeat([f"p{i}" for i in range(24)], 30)
    target = np.eye(2, dtype=np.uint8)[rng.permutation(np.repeat([0, 0, 1], 240))]
    logits = (skill * target + np.random.default_rng([seed, 1]).normal(size=target.shape)).astype(np.float32)
    fold = np.zeros(len(group), np.int16)
    return Predictions(np.arange(len(group)), group, target, logits, fold, "d", ("N", "S"))


def test_a_line_of_several_seeds_has_the_interval_of_their_mean_and_the_first_is_corrected():
    predictions = {"a": said(0, 2.0), "b": said(1, 2.0), "c": said(2, 0.0)}
    data = DATA | {"ranked_classes": ["S"]}
    entries = [
        entry(
            name, objective(one, ["S"], "sigmoid"), dataset=data,
            config={"link": "sigmoid", "seed": seed, "loss": "ce" if name == "c" else "focal"},
        )
        for seed, (name, one) in enumerate(predictions.items())
    ]  # fmt: skip
    ranking = together(rank(sweep(*entries)))
    doubts = resample(ranking, 10, lambda run: predictions[run.id])
    first, second = ranking.ranked
    assert len(first.members) == 2
    found = doubts.runs[first.id]
    assert found.low < ranking.value(first) < found.high
    assert (found.tied, doubts.runs[second.id].tied) == (True, False)
    # The second is far behind: nobody picked between alike ones, and nothing is taken off.
    assert doubts.corrected == pytest.approx(ranking.value(first), abs=1e-6)
    assert any("Corrected for having picked the first of 2" in notice for notice in doubts.notices())
    # Without the predictions of one that could have been picked, nothing can be corrected.
    some = resample(ranking, 10, lambda run: None if run.id == "c" else predictions[run.id])
    assert some.corrected is None and first.id in some.runs


@pytest.mark.parametrize("patients", [1, 2])
def test_of_one_or_two_patients_there_are_no_intervals_and_nobody_can_tell_a_tie(patients):
    data, group = DATA | {"ranked_classes": ["S"]}, np.array([f"p{i % patients}" for i in range(720)])
    predictions = {name: replace(said(0, skill), group=group) for name, skill in (("a", 2.0), ("b", 0.0))}
    entries = [
        entry(name, objective(one, ["S"], "sigmoid"), dataset=data, config={"link": "sigmoid", "loss": name})
        for name, one in predictions.items()
    ]
    ranking = rank(sweep(*entries))
    doubts = resample(ranking, 10, lambda run: predictions[run.id])
    told, text = leaderboard.as_data(ranking, doubts), printed(sweep(*entries), 250, doubts)
    assert [(run["interval"], run["tied"]) for run in told["runs"]] == [(None, None)] * 2
    assert told["corrected"] is None
    (notice,) = doubts.notices()
    assert notice.startswith(f"TOO FEW PATIENTS ({patients})") and notice in told["notices"]
    assert notice in text and "95 %" not in text
