"""`rarebeat confirm`: more patient folds and fresh seeds for the first few of a sweep, which decide alone."""

from __future__ import annotations

import itertools
import json
import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from data_utils.errors import BadInput
from rarebeat import doubt, leaderboard
from rarebeat.agents import Agents, agent_environment
from rarebeat.backend import Backend, connect, find_backend
from rarebeat.configurations import configuration, join, together
from rarebeat.devices import agent_places
from rarebeat.doubt import Doubts
from rarebeat.ranking import Ranking, rank, stands
from rarebeat.sweep import interruptible
from rarebeat.sweep_create import create_sweep
from rarebeat.sweep_runs import Entry, SweepRuns, find_sweep, read_sweep
from rarebeat.tables import console, say
from rarebeat.twins import apart
from rarebeat.unfinished import find_remembered, remember
from rarebeat.watching import Enough, watch
from training.dataset_artifact import is_artifact
from training.metrics import FEWEST_PATIENTS, rankable

if TYPE_CHECKING:
    import wandb

    from data_utils.dataset import Dataset, Side

LOGS = Path("runs/logs")
GROUP = "confirm"


@dataclass(frozen=True)
class Trial:
    """One of those to be confirmed: the entry that it was, and the sweep of its fresh runs."""

    entry: Entry
    config: dict[str, Any]


@click.command()
@click.argument("path")
@click.option(
    "--top",
    type=click.IntRange(2),
    default=3,
    show_default=True,
    help="Configurations to confirm; what is nearly the same counts once.",
)
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True, help="Fresh seeds of each.")
@click.option("--agents", type=click.IntRange(1), default=1, show_default=True, help="Agents at once.")
@click.option("--data", type=click.Path(path_type=Path), help="Data file; wins over the sweep's own.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable on stdout, progress on stderr.")
def confirm(path: str, top: int, seeds: int, agents: int, data: Path | None, as_json: bool) -> None:
    """Train the first few of a sweep again, on more patient folds with fresh seeds, and name the winner.

    The runs go to the same project, in the group `confirm`. Only they decide: those that they cannot tell
    apart are a tie, and the command says so. The same command goes on where it was interrupted.
    """
    backend = find_backend()
    api = connect(backend)
    searched = find_sweep(api, path)
    sweep = read_sweep(api, searched)
    ranking = together(rank(sweep))
    chosen = apart(ranking.ranked, searched.config["parameters"])[:top]
    trials = plan(ranking, [family.first for family in chosen], seeds, data)
    to = console(click.get_text_stream("stderr" if as_json else "stdout"))
    for family in chosen:
        if family.twins:
            twins = ", ".join(entry.id for entry in family.twins)
            say(to, f"{family.first.id} stands for {twins}, which are nearly the same.")
    with interruptible():
        done = [_run(api, backend, sweep, trial, seeds, agents, data) for trial in trials]
    decided = together(rank(join(done)))
    doubts = doubt.measure(api, decided, len(trials))
    names = {configuration(_ended(runs)[0]): trial.entry.id for runs, trial in zip(done, trials, strict=True)}
    result = verdict(decided, doubts, names)
    sweeps = {trial.entry.id: runs.path for runs, trial in zip(done, trials, strict=True)}
    if as_json:
        result |= {"sweeps": sweeps}
        result |= {"stands_for": {one.first.id: [twin.id for twin in one.twins] for one in chosen}}
        click.echo(json.dumps(result | {"leaderboard": leaderboard.as_data(decided, doubts)}, indent=2))
        return
    leaderboard.show(decided, doubts, to)
    say(to, sentence(result, doubts))
    say(to, f"Bring it home: rarebeat best {shlex.quote(sweeps[result['first']])} -o runs/confirmed")


def plan(ranking: Ranking, chosen: Sequence[Entry], seeds: int, data: Path | None) -> list[Trial]:
    """The sweeps that confirm the configurations `chosen`: one each, a grid over nothing but seeds.

    Raises:
        BadInput: fewer than two to choose from, runs of another program, or a data file without folds or
            that is not here.
    """
    if len(chosen) < 2:
        raise BadInput(f"{ranking.runs.path} has one configuration only: there is nothing to decide")
    named = data or os.environ.get("RAREBEAT_DATA") or chosen[0].config.get("data", "")
    if not named:
        raise BadInput(f"the runs of {ranking.runs.path} are not training.train's: confirm trains no others")
    if is_artifact(str(named)):
        raise BadInput(
            f"the sweep's data is the artifact {named}: give the file by --data, to read its folds"
        )
    folds = _folds(Path(named), chosen[0])
    used = [run.config.get("seed", 0) for entry in ranking.ranked for run in entry.members or (entry,)]
    # A fold takes the run's seed plus its number, so that seeds have to lie as far apart as there are folds.
    reach = max(folds, *(entry.config.get("folds", 0) for entry in ranking.ranked))
    unused = (seed for seed in itertools.count(0, reach) if all(abs(seed - one) >= reach for one in used))
    fresh = list(itertools.islice(unused, seeds))
    return [Trial(entry, _sweep(ranking.runs, entry, folds, fresh)) for entry in chosen]


def _folds(file: Path, first: Entry) -> int:
    """As many patient folds as the file has, or as leave in each the patients that it takes to rank what the
    sweep ranked: with fewer the objective would be of other classes, or of a handful of beats. Patients are
    drawn within their fold, and one or two that are alone in it hardly vary, so that intervals would be too
    narrow and a winner be named where there is a tie.
    """
    from data_utils.dataset import open_dataset

    dataset = open_dataset(file)
    if dataset.folds < 2:
        raise BadInput(f"{file} has no patient folds, so it can confirm nothing: build it with folds")
    wanted = set(first.dataset.get("ranked_classes", ()))
    sides = {folds: _sides(dataset, folds) for folds in range(dataset.folds, 1, -1)}
    peopled = [folds for folds, each in sides.items() if min(map(_patients, each)) >= FEWEST_PATIENTS] or [2]
    return next((folds for folds in peopled if wanted <= _rankable(sides[folds])), peopled[0])


def _sides(dataset: Dataset, folds: int) -> list[Side]:
    return [dataset.sides(folds, fold)[1] for fold in range(folds)]


def _patients(side: Side) -> int:
    return len(np.unique(side.groups))


def _rankable(sides: Sequence[Side]) -> set[str]:
    """Classes that the validation side of every fold can rank."""
    enough = np.all([rankable(side.targets, side.groups) for side in sides], axis=0)
    return {name for name, there in zip(sides[0].dataset.classes, enough, strict=True) if there}


def _sweep(runs: SweepRuns, entry: Entry, folds: int, seeds: Sequence[int]) -> dict[str, Any]:
    active = {name: value for name, value in entry.config.items() if name not in entry.inactive}
    fixed = {name: {"value": value} for name, value in active.items() if name not in ("seed", "folds")}
    return {
        "name": f"confirm {entry.id} of {runs.path.rsplit('/', 1)[-1]}",
        "method": "grid",
        "command": ["${env}", "${interpreter}", "-m", "training.train"],
        "metric": {"name": runs.metric, "goal": runs.goal},
        "parameters": {**fixed, "folds": {"value": folds}, "seed": {"values": list(seeds)}},
    }


def _run(
    api: wandb.Api,
    backend: Backend,
    sweep: SweepRuns,
    trial: Trial,
    seeds: int,
    agents: int,
    data: Path | None,
) -> SweepRuns:
    """Run what is left of one trial; all of it may be there from an earlier call.

    Raises:
        BadInput: no run of it succeeded.
    """
    entity, project, _ = sweep.path.split("/")
    where = "embedded" if backend.embedded else backend.url
    runs = find_remembered(api, trial.config, where, project)
    if runs is None or _is_lost(runs):
        path = create_sweep(api, trial.config, project, entity)
        remember(trial.config, where, project, path)
        runs = read_sweep(api, find_sweep(api, path))
    if len(_ended(runs)) < seeds:
        environment = agent_environment(backend.environment(os.environ), agents, data)
        environment |= {"WANDB_RUN_GROUP": GROUP, "WANDB_TAGS": GROUP}
        again = shlex.join(["rarebeat", *sys.argv[1:]])
        pool = Agents(runs.path, agent_places(agents), environment, LOGS / runs.path.rsplit("/", 1)[-1])
        runs = watch(api, pool, Enough(seeds), again)
    if not _ended(runs):
        raise BadInput(f"no run of {runs.path}, which confirms {trial.entry.id}, succeeded: see {LOGS}")
    return runs


def _is_lost(runs: SweepRuns) -> bool:
    """Whether nothing more will come of a sweep: stopped, or at its end without a run that succeeded."""
    state = runs.state.upper()
    return state in ("CANCELED", "STOPPED") or (state == "FINISHED" and not _ended(runs))


def _ended(runs: SweepRuns) -> list[Entry]:
    return [entry for entry in runs.entries if stands(entry) and entry.objective is not None]


def verdict(ranking: Ranking, doubts: Doubts, names: dict[tuple, str]) -> dict[str, Any]:
    """What the fresh runs say of those that they confirm.

    Args:
        names: the run of the sweep that each configuration was.

    Returns:
        "first" and "tied", by run of the sweep; "winner", the first where nothing is tied with it and None
        where something is, or where it cannot be told.
    """
    order = [names[configuration(entry)] for entry in ranking.ranked]
    found = [doubts.runs.get(entry.id) for entry in ranking.ranked]
    # What cannot be told apart, for want of predictions or patients, is tied.
    tied = [name for name, one in zip(order, found, strict=True) if one is None or one.tied is not False]
    return {
        "first": order[0],
        "tied": tied,
        "winner": order[0] if tied == order[:1] else None,
        "objectives": {n: ranking.value(e) for n, e in zip(order, ranking.ranked, strict=True)},
    }


def sentence(result: dict[str, Any], doubts: Doubts) -> str:
    """The verdict in words."""
    if result["winner"]:
        return f"The winner is {result['winner']}, by runs that the sweep did not choose from."
    tied = ", ".join(result["tied"])
    if not doubts.runs:
        what = f"only {doubt.METRIC} can be compared by patient, and by the predictions of its runs"
        if doubts.patients:
            what = f"{doubts.patients} patients are too few to tell"
        return f"First is {result['first']}, and nothing says whether that is luck: {what}."
    return f"A tie: these patients cannot tell {tied} apart. Take the simplest of them, or more patients."
