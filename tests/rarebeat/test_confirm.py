"""What is run to confirm the first few of a sweep, and what is said of it; and the whole way on a server."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from data_utils.errors import BadInput
from data_utils.simulate import simulate
from rarebeat import confirm
from rarebeat.backend import Backend
from rarebeat.configurations import configuration
from rarebeat.confirm import Trial, plan, sentence, verdict
from rarebeat.doubt import Doubt, Doubts
from rarebeat.ranking import Ranking, rank
from rarebeat.sweep_runs import Entry, SweepRuns

METRIC = "best/macro_auprc"


def ranking(*objectives: float, **config: object) -> Ranking:
    entries = tuple(
        Entry(
            f"r{i}", f"r{i}", "finished", value, summary={METRIC: value}, inactive=frozenset({"gamma"}),
            config={"loss": f"l{i}", "gamma": 2.0, "seed": i, "folds": 0, **config},
        )
        for i, value in enumerate(objectives)
    )  # fmt: skip
    return rank(SweepRuns("local/p/s", "", "FINISHED", METRIC, "maximize", ("loss",), entries))


def first(count: int, found: Ranking) -> tuple[Ranking, tuple[Entry, ...]]:
    return found, found.ranked[:count]


def test_each_of_the_first_few_gets_all_folds_and_seeds_whose_folds_no_run_has_seen(data):
    trials = plan(*first(2, ranking(0.1, 0.3, 0.2, data=str(data))), 2, None)
    assert [trial.entry.id for trial in trials] == ["r1", "r2"]
    parameters = trials[0].config["parameters"]
    assert parameters["loss"] == {"value": "l1"}
    assert "gamma" not in parameters
    folds = parameters["folds"]["value"]
    assert folds >= 2
    one, other = parameters["seed"]["values"]
    # Fold f takes seed + f, and seeds 0 to 2 are used.
    assert one > 2 and other - one >= folds
    assert [trial.config["parameters"]["seed"] for trial in trials] == [parameters["seed"]] * 2


@pytest.fixture(scope="module")
def beats(tmp_path_factory) -> Path:
    """Simulated beats: of the patients with folds 2 to 4 are in each of six, 3 to 5 in each of five."""
    path = tmp_path_factory.mktemp("confirm") / "beats.h5"
    simulate(path, 24, 2.0)
    return path


@pytest.mark.parametrize(("ranked", "folds"), [(["N"], 5), (["N", "V"], 2), (["F"], 5), ([], 5)])
def test_there_are_as_many_folds_as_can_rank_what_the_sweep_ranked_and_have_three_patients(
    beats, ranked, folds
):
    found = ranking(0.1, 0.3, data=str(beats))
    entries = tuple(replace(entry, dataset={"ranked_classes": ranked}) for entry in found.ranked)
    for trial in plan(*first(2, replace(found, ranked=entries)), 2, None):
        assert trial.config["parameters"]["folds"] == {"value": folds}


def test_seeds_that_a_search_drew_of_all_there_are_leave_fresh_ones_that_a_run_takes(beats):
    found = ranking(0.1, 0.3, data=str(beats))
    entries = tuple(
        replace(entry, config={**entry.config, "seed": seed})
        for entry, seed in zip(found.ranked, (4_294_967_290, 7), strict=True)
    )
    for trial in plan(*first(2, replace(found, ranked=entries)), 3, None):
        # Five folds each: 0 to 4 are free, 7 to 11 are taken.
        assert trial.config["parameters"]["seed"] == {"values": [0, 15, 20]}


def test_one_configuration_is_nothing_to_decide_and_an_artifact_has_to_be_here(data):
    with pytest.raises(BadInput, match="one configuration only"):
        plan(*first(3, ranking(0.1, data=str(data))), 2, None)
    with pytest.raises(BadInput, match="give the file by --data"):
        plan(*first(3, ranking(0.1, 0.2, data="me/ecg/mitdb:latest")), 2, None)


def test_runs_of_another_program_are_not_confirmed():
    with pytest.raises(BadInput, match=r"not training\.train's"):
        plan(*first(2, ranking(0.1, 0.2)), 2, None)


@pytest.mark.parametrize(
    ("tied", "winner", "words"),
    [
        ([True, False], "a", "The winner is a"),
        ([True, True], None, "cannot tell a, b apart"),
        ([True, None], None, "A tie"),
        ([None, None], None, "A tie: these patients cannot tell a, b apart"),
    ],
)
def test_a_winner_is_named_only_where_nothing_is_tied_with_it(tied, winner, words):
    found = ranking(0.3, 0.2)
    names = {configuration(entry): name for entry, name in zip(found.ranked, "ab", strict=True)}
    doubts = Doubts({e.id: Doubt(0.1, 0.4, one) for e, one in zip(found.ranked, tied, strict=True)}, 30)
    result = verdict(found, doubts, names)
    assert (result["first"], result["winner"]) == ("a", winner)
    assert words in sentence(result, doubts)


def test_without_predictions_nothing_is_decided():
    found = ranking(0.3, 0.2)
    names = {configuration(entry): entry.id for entry in found.ranked}
    result = verdict(found, Doubts(), names)
    assert result["winner"] is None
    # No patient was asked.
    assert sentence(result, Doubts()).startswith(
        "First is r0, and nothing says whether that is luck: only best/"
    )
    assert sentence(result, Doubts(patients=2)).endswith("luck: 2 patients are too few to tell.")


@pytest.mark.parametrize(
    ("before", "begun"),
    [
        (None, True),
        (("FINISHED", "finished"), False),
        (("RUNNING", "failed"), False),
        # All failed, for a reason that is mended by now.
        (("FINISHED", "failed"), True),
        (("CANCELED", "killed"), True),
    ],
)
def test_the_same_command_goes_on_unless_nothing_can_come_of_its_sweep_any_more(monkeypatch, before, begun):
    done = ranking(0.5).runs
    created: list[str] = []
    if before:
        state, ended = before
        runs = (replace(done.entries[0], state=ended, objective=0.5 if ended == "finished" else None),)
        before = replace(done, state=state, entries=runs)
    for name, instead in {
        "find_remembered": lambda *_: before,
        "create_sweep": lambda _, config, *rest: created.append(config["name"]) or "local/p/new",
        "remember": lambda *_: None, "find_sweep": lambda *_: None,
        "read_sweep": lambda *_: replace(done, entries=()), "watch": lambda *_: done,
    }.items():  # fmt: skip
        monkeypatch.setattr(confirm, name, instead)
    confirm._run(None, Backend("http://x"), done, Trial(done.entries[0], {"name": "confirm r0"}), 1, 1, None)
    assert created == (["confirm r0"] if begun else [])


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_sweep_is_confirmed_put_together_and_pruned(tmp_path, terminal, data, sweep_yaml):
    shell = terminal(tmp_path)
    shell.patience = 1200  # it trains five runs, on a machine that may have more to do
    (tmp_path / "sweep.yaml").write_text(sweep_yaml)
    shell.run("rarebeat", "up", "--port", "0")
    try:
        swept = shell.json("rarebeat", "sweep", "sweep.yaml", "--data", data, "--runs", "3", "-o", "best")
        path = swept["sweep"]
        board = shell.json("rarebeat", "leaderboard", path, "--write")
        # None where leaving out one of these few patients leaves a class without any.
        assert board["corrected"] is None or board["corrected"] <= board["runs"][0]["objective"] + 0.05
        confirmed = shell.json("rarebeat", "confirm", path, "--top", "2", "--seeds", "1", "--data", data)
        assert set(confirmed["objectives"]) <= {run["run"] for run in board["runs"]}
        assert confirmed["winner"] in (*confirmed["objectives"], None)
        assert confirmed["sweeps"].keys() == confirmed["objectives"].keys() == confirmed["stands_for"].keys()
        # The same command finds all of it done.
        assert (
            shell.json("rarebeat", "confirm", path, "--top", "2", "--seeds", "1", "--data", data) == confirmed
        )
        for how in ("mean", "vote", "greedy"):
            made = shell.json("rarebeat", "ensemble", path, "-o", how, "--top", "3", "--how", how)
            assert made["members"]
            shown = shell.json("rarebeat", "evaluate", how, "--data", data)
            assert shown["classes"]["N"]["auprc"]["value"] > 0
        assert json.loads((tmp_path / "vote" / "card.json").read_text())["ensemble"]["how"] == "vote"
        shell.run("rarebeat", "prune", path, "--keep", "1", "--yes")
        left = shell.run("rarebeat", "prune", path, "--keep", "1", "--yes").stdout
        assert "Nothing to let go of" in left
        shell.run("rarebeat", "best", path, "-o", "again")
        shell.run("rarebeat", "check", "again/point.yaml")
    finally:
        shell.run("rarebeat", "down")
