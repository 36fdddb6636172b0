"""Runs put together: their weights, their thresholds, and what they gain on patients that did not choose."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score

from rarebeat.ensemble import MEMBERS, Member, put_together
from training.card import FORMAT, read_card
from training.committee import vote
from training.decision import card_probabilities
from training.predictions import Predictions
from training.thresholds import fit_thresholds


def card(run: str) -> dict:
    return {
        "format": FORMAT, "run": {"path": f"local/p/{run}", "server": "none"}, "hyperparameters": {},
        "inactive": [], "task": "multilabel", "classes": ["N", "S"], "class_names": ["normal", "rare"],
        "link": "sigmoid", "leads": ["II"], "rate": 100.0, "units": "mV",
        "preparation": {
            "window": 1.0, "position": 0.5, "scaling": "none", "covariate_mean": [], "covariate_std": [],
        },
        "covariates": [], "thresholds": {"N": 0.5, "S": 0.5}, "temperature": 2.0, "ranked_classes": ["S"],
        "metrics": {}, "versions": {},
        "dataset": {
            "digest": "d", "source": "", "simulated": True, "groups_known": True, "licence": "",
            "preparation": {},
        },
    }  # fmt: skip


def member(run: str, skill: float, folder) -> Member:
    """Runs err independently of each other, so that their mean errs less."""
    rng, own = np.random.default_rng(0), np.random.default_rng([1, ord(run)])
    group = np.repeat([f"p{i:02}" for i in range(20)], 30)
    target = (rng.random((600, 2)) < [0.7, 0.15]).astype(np.uint8)
    logits = (skill * (2.0 * target - 1) + own.normal(0, 2, target.shape)).astype(np.float32)
    (folder / MEMBERS / run).mkdir(parents=True)
    fold = np.full(600, -1, np.int16)
    said = Predictions(np.arange(600), group, target, logits, fold, "d", ("N", "S"))
    return Member(run, card(run), said, card_probabilities(logits, card(run)))


def test_the_mean_of_runs_that_err_independently_is_better_than_each(tmp_path):
    members = [member(run, 1.0, tmp_path) for run in "abc"]
    found = put_together(members, "mean", tmp_path)
    said = members[0].predictions
    expected = average_precision_score(said.target[:, 1], np.mean([one.p[:, 1] for one in members], axis=0))
    assert found["objective"] == pytest.approx(expected, abs=1e-6)
    assert found["gain"][0] > 0
    whole = read_card(tmp_path)
    assert whole["ensemble"] == {"how": "mean", "members": {"a": 1, "b": 1, "c": 1}}
    assert whole["metrics"]["auprc/S"] == pytest.approx(expected, abs=1e-6)
    assert 0 < whole["thresholds"]["S"] < 1


def test_greedy_selection_leaves_out_a_run_that_guesses_and_its_folder(tmp_path):
    members = [member("a", 1.0, tmp_path), member("b", 1.0, tmp_path), member("z", -2.0, tmp_path)]
    found = put_together(members, "greedy", tmp_path)
    assert set(found["members"]) == {"a", "b"}
    assert sorted(path.name for path in (tmp_path / MEMBERS).iterdir()) == ["a", "b"]
    # Weights of other patients: a little less than what the chosen weights come to on those that chose.
    assert found["objective"] > found["best_objective"]


def test_a_vote_asks_for_more_than_half_whatever_the_validation_says(tmp_path):
    found = put_together([member(run, 1.0, tmp_path) for run in "abc"], "vote", tmp_path)
    thresholds = read_card(tmp_path)["thresholds"]
    # Two votes of three, of which the mean may add up to half a vote that has no say: 2/3 / (1 + 1/6).
    assert thresholds["N"] == thresholds["S"] == pytest.approx(4 / 7)
    assert found["objective"] > 0


def test_what_a_vote_says_of_itself_is_of_its_own_rule_on_patients_who_fitted_none_of_it(tmp_path):
    """The logits know nothing: thresholds fitted on the same patients would find something in them."""
    members = [with_own_thresholds(member(run, 0.0, tmp_path)) for run in "abcde"]
    put_together(members, "vote", tmp_path)
    found = read_card(tmp_path)["metrics"]
    target, p = members[0].predictions.target, combined(members)
    flattered = f1_score(target[:, 1], p[:, 1] >= read_card(tmp_path)["thresholds"]["S"])
    assert found["f1/S"] < flattered
    # Of votes that know nothing, as many are right as there are positives.
    assert found["ppv/S"] == pytest.approx(target[:, 1].mean(), abs=0.05)


def with_own_thresholds(one: Member) -> Member:
    fitted = fit_thresholds(one.predictions.target, one.p, "multilabel")
    return replace(one, card=one.card | {"thresholds": dict(zip("NS", fitted.tolist(), strict=True))})


def combined(members: list[Member]) -> np.ndarray:
    return vote([one.p for one in members], [one.thresholds for one in members], "multilabel")


def test_the_gain_is_over_the_best_run_though_it_is_of_another_configuration_than_the_first(tmp_path):
    members = [member("a", 0.5, tmp_path), member("b", 1.0, tmp_path)]
    found = put_together(members, "mean", tmp_path)
    assert found["best_member"] == "b"
    own = average_precision_score(members[1].predictions.target[:, 1], members[1].p[:, 1])
    assert found["best_objective"] == pytest.approx(own, abs=1e-6)


def test_thresholds_are_for_what_the_runs_fitted_theirs_for(tmp_path):
    asked = {"threshold_rule": "recall_floor", "threshold_floor": 0.95}
    members = [member(run, 1.0, tmp_path) for run in "ab"]
    members = [replace(one, card=one.card | {"hyperparameters": asked}) for one in members]
    put_together(members, "mean", tmp_path)
    positive = members[0].predictions.target[:, 1] == 1
    p = np.mean([one.p[:, 1] for one in members], axis=0)
    assert (p[positive] >= read_card(tmp_path)["thresholds"]["S"]).mean() >= 0.95


@pytest.mark.parametrize("how", ["mean", "vote"])
def test_windows_become_recordings_by_the_members_rule_and_thresholds_of_what_all_say(how, tmp_path):
    recording = np.repeat(np.arange(200, dtype=np.int32), 3)
    record = {"rule": "max", "thresholds": {"N": 0.5, "S": 0.5}}
    members = [of_windows(member(run, 1.0, tmp_path), recording, record) for run in "abc"]
    put_together(members, how, tmp_path)

    p = combined(members) if how == "vote" else np.mean([one.p for one in members], axis=0)
    surest = p.reshape(200, 3, 2).max(axis=1)
    expected = fit_thresholds(members[0].predictions.target[::3], surest, "multilabel")
    found = read_card(tmp_path)["record"]
    assert found["rule"] == "max"
    assert [found["thresholds"][name] for name in "NS"] == pytest.approx(expected)


def of_windows(one: Member, recording: np.ndarray, record: dict) -> Member:
    """The windows of a recording have the labels of its first."""
    target = np.repeat(one.predictions.target[::3], 3, axis=0)
    said = replace(one.predictions, target=target, recording=recording)
    return replace(one, card=one.card | {"record": record}, predictions=said)
