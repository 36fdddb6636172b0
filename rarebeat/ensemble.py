"""`rarebeat ensemble`: the best few runs as one model, which evaluates like any other."""

from __future__ import annotations

import json
import shlex
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from data_utils.errors import BadInput
from rarebeat.backend import client_errors, connect
from rarebeat.best import check_folder, download_model, model_of
from rarebeat.configurations import in_order, join
from rarebeat.doubt import RESAMPLES, read_run
from rarebeat.ranking import rank
from rarebeat.sweep_runs import Entry, find_sweep, read_sweep
from rarebeat.tables import console, say
from training import rule
from training.bootstrap import interval
from training.card import NAME, read_card, write_card
from training.committee import majority, mean, select, vote
from training.criteria import Criterion
from training.decision import card_probabilities, decide
from training.metrics import full_measures
from training.objective import objective, resampled_objective
from training.patients import read_patients
from training.predictions import Predictions
from training.records import gather_units
from training.thresholds import deal_patients, decide_others, fit_thresholds

if TYPE_CHECKING:
    import wandb

MEMBERS = "members"


@dataclass(frozen=True)
class Member:
    """A run with its card, its predictions, and its calibrated probabilities (n, K) of the same rows."""

    id: str
    card: dict[str, Any]
    predictions: Predictions
    p: np.ndarray

    @property
    def thresholds(self) -> np.ndarray:
        """(K,)"""
        return np.array([self.card["thresholds"][name] for name in self.card["classes"]])


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="New folder for the model.")
@click.option("--top", type=click.IntRange(2), default=5, show_default=True, help="Runs to take, best first.")
@click.option(
    "--how", type=click.Choice(["mean", "vote", "greedy"]), default="mean", show_default=True,
    help="Mean of probabilities; majority of decisions; or the mean of those that help on validation.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Machine-readable, on stdout.")
def ensemble(paths: tuple[str, ...], out: Path, top: int, how: str, as_json: bool) -> None:
    """Make one model of the best runs of sweeps, and say what it gains on validation.

    A run with folds is the mean of its folds already. `rarebeat evaluate` takes the folder like any model.
    """
    if out.exists():
        raise BadInput(f"{out} is there already: name a new folder")
    check_folder(out)
    api = connect()
    ranking = rank(join([read_sweep(api, find_sweep(api, path)) for path in paths]))
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        members, without = bring(api, in_order(ranking), top, fresh / MEMBERS)
        found = put_together(members, how, fresh)
        fresh.chmod(0o755)
        fresh.rename(out)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    result = {"folder": str(out), "how": how, **found, "without": without}
    if as_json:
        click.echo(json.dumps(result, indent=2))
    else:
        show(result)


def bring(api: wandb.Api, entries: Sequence[Entry], top: int, folder: Path) -> tuple[list[Member], list[str]]:
    """Download the first `top` runs that have a model and predictions; and the ids of those that have not.

    Raises:
        BadInput: fewer than two, or runs that saw other data or other folds.
    """
    members: list[Member] = []
    without: list[str] = []
    for entry in entries:
        if len(members) == top:
            break
        with client_errors():
            model = model_of(api, entry)
        predictions = read_run(api, entry)
        if model is None or predictions is None:
            without.append(entry.id)
            continue
        with client_errors():
            download_model(model, folder / entry.id)
        card = read_card(folder / entry.id)
        members.append(Member(entry.id, card, predictions, card_probabilities(predictions.logits, card)))
    if len(members) < 2:
        raise BadInput(f"an ensemble needs two runs with a model and predictions; there are {len(members)}")
    for member in members[1:]:
        if member.predictions.split_digest != members[0].predictions.split_digest:
            raise BadInput(
                f"runs {members[0].id} and {member.id} were validated on other data or other folds, so they "
                "cannot be weighed against each other: take sweeps of one data file with the same folds"
            )
    return members, without


def put_together(members: Sequence[Member], how: str, folder: Path) -> dict[str, Any]:
    """Weigh the members, leave those that are not taken out of `folder`, and write the card.

    Returns:
        "members" (weight by run), "objective", "interval", "best_member", "best_objective", "gain" (95 %
        interval of the difference to the best member), all by macro AUPRC on validation.
    """
    ranked, predictions = members[0].card["ranked_classes"], members[0].predictions
    weights = weigh(members, how, np.ones(len(predictions.row), bool))
    taken = [(member, weight) for member, weight in zip(members, weights, strict=True) if weight]
    for member, weight in zip(members, weights, strict=True):
        if not weight:
            shutil.rmtree(folder / MEMBERS / member.id)
    kind = "vote" if how == "vote" else "mean"
    p = _mixed(members, weights, kind)
    judged = p if how == "mean" else _cross_fitted(members, how, kind)
    # The first is of the best configuration; another may have the luckier seed.
    best = max(members, key=lambda one: objective(_as_logits(predictions, one.p), ranked, "sigmoid"))
    single = _as_logits(predictions, best.p), ranked, "sigmoid"
    mixed = _as_logits(predictions, judged), ranked, "sigmoid"
    drawn = resampled_objective(*mixed, RESAMPLES)
    found = {
        "members": {member.id: weight for member, weight in taken},
        "objective": objective(*mixed),
        "interval": interval(drawn),
        "best_member": best.id,
        "best_objective": objective(*single),
        "gain": interval(drawn - resampled_objective(*single, RESAMPLES)),
    }
    write_card(folder, _card(members, taken, kind, p, judged))
    return found


def weigh(members: Sequence[Member], how: str, rows: np.ndarray) -> list[int]:
    """Return the weight of each member by the rows (n,) bool."""
    if how != "greedy":
        return [1] * len(members)
    ranked = members[0].card["ranked_classes"]
    some = _rows(members[0].predictions, rows)
    return select(
        [member.p[rows] for member in members],
        lambda p: objective(_as_logits(some, p), ranked, "sigmoid"),
    )


def _cross_fitted(members: Sequence[Member], how: str, kind: str) -> np.ndarray:
    """What the members together say of each patient by weights, or votes by thresholds, that other patients
    gave; those chosen on the same patients would flatter themselves.
    """
    predictions = members[0].predictions
    part = deal_patients(predictions.target, predictions.group)
    if part is None:
        return _mixed(members, [1] * len(members), kind)
    p = np.zeros_like(members[0].p)
    for held_out in np.unique(part):
        inside = part == held_out
        weights = weigh(members, how, ~inside)
        others = [_refitted(member, ~inside) for member in members] if how == "vote" else members
        p[inside] = _mixed(others, weights, kind)[inside]
    return p


def _refitted(member: Member, rows: np.ndarray) -> Member:
    """The member with the thresholds that some rows (n,) bool give."""
    card, target = member.card, member.predictions.target
    fitted = fit_thresholds(target[rows], member.p[rows], card["task"], _criterion(card))
    return replace(member, card=card | {"thresholds": dict(zip(card["classes"], fitted, strict=True))})


def _criterion(card: Mapping[str, Any]) -> Criterion:
    return Criterion.of(rule.DEFAULTS | card["hyperparameters"])


def _mixed(members: Sequence[Member], weights: Sequence[int], kind: str) -> np.ndarray:
    taken = [(member, weight) for member, weight in zip(members, weights, strict=True) if weight]
    parts = [member.p for member, _ in taken]
    if kind == "vote":
        return vote(parts, [member.thresholds for member, _ in taken], members[0].card["task"])
    return mean(parts, [weight for _, weight in taken])


def _rows(given: Predictions, rows: np.ndarray) -> Predictions:
    kept = {name: getattr(given, name)[rows] for name in ("row", "group", "target", "logits", "fold")}
    return replace(given, **kept, recording=None)


def _as_logits(given: Predictions, p: np.ndarray) -> Predictions:
    p = np.clip(p, 1e-15, 1 - 1e-15)
    return replace(given, logits=np.log(p) - np.log1p(-p))


def _card(
    members: Sequence[Member],
    taken: Sequence[tuple[Member, int]],
    kind: str,
    p: np.ndarray,
    judged: np.ndarray,
) -> dict[str, Any]:
    """The card of the whole: the first member's, but for what it answers and by which thresholds."""
    first = taken[0][0].card
    classes, task, predictions = first["classes"], first["task"], members[0].predictions
    criterion = _criterion(first)
    thresholds = (
        majority(len(taken), len(classes))
        if kind == "vote"
        else fit_thresholds(predictions.target, p, task, criterion)
    )
    part = deal_patients(predictions.target, predictions.group)
    metrics: dict[str, float] = {}
    if part is not None:
        decisions = (
            decide(judged, thresholds, task)
            if kind == "vote"
            else decide_others(predictions.target, judged, part, task, criterion)
        )
        metrics = full_measures(predictions.target, judged, decisions, classes, task).flat()
    left_out = ("calibration", "record", "ensemble")
    record = _record(first, predictions, p)
    return {
        **{name: value for name, value in first.items() if name not in left_out},
        "run": {
            **first["run"],
            "path": "ensemble of " + ", ".join(one.card["run"]["path"] for one, _ in taken),
        },
        "temperature": 1.0,
        "thresholds": dict(zip(classes, thresholds.tolist(), strict=True)),
        "metrics": metrics,
        "patients": " ".join(sorted(read_patients(one.card for one, _ in taken))),
        **({} if record is None else {"record": record}),
        "ensemble": {"how": kind, "members": {member.id: weight for member, weight in taken}},
    }


def _record(first: Mapping[str, Any], predictions: Predictions, p: np.ndarray) -> dict[str, Any] | None:
    """How windows become recordings: the first member's rule, with thresholds for what all say together; None
    where no recording has an answer of its own.
    """
    if "record" not in first or predictions.recording is None:
        return None
    how, task = first["record"]["rule"], first["task"]
    units = gather_units(predictions.recording, predictions.target, p, predictions.group, task, how)
    if units is None:
        return None
    thresholds = fit_thresholds(units.targets, units.p, task, _criterion(first))
    return {"rule": how, "thresholds": dict(zip(first["classes"], thresholds.tolist(), strict=True))}


def show(result: Mapping[str, Any]) -> None:
    """Print the members, what they come to together, and the next command."""
    to = console()
    say(to, f"Ensemble ({result['how']}): " + ", ".join(f"{k} x{v}" for k, v in result["members"].items()))
    if result["without"]:
        say(to, f"Left out, without model or predictions: {', '.join(result['without'])}.")
    limits = "" if result["interval"] is None else " [{:.4f}, {:.4f}]".format(*result["interval"])
    say(to, f"Macro AUPRC on validation: {result['objective']:.4f}{limits}")
    gain = "" if result["gain"] is None else ", gain [{:+.4f}, {:+.4f}] by patient".format(*result["gain"])
    say(to, f"Best of its runs, {result['best_member']}: {result['best_objective']:.4f}{gain}")
    say(to, f"Model: {result['folder']}/{NAME}. Prove it once:")
    say(to, f"  rarebeat evaluate {shlex.quote(result['folder'])} --data FILE.test.h5")
