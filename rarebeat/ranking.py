"""Rank a sweep's runs, and say what has to be said beside the numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from data_utils.errors import BadInput
from rarebeat.search.errors import did_you_mean
from rarebeat.sweep_runs import Entry, SweepRuns

# States in which a run's objective stands; "killed" is a run that was stopped early.
RANKED_STATES = ("finished", "killed")
SMALLER_IS_BETTER = ("loss", "error", "brier", "hamming")  # in a metric's name
NAMED = 8  # metrics that a refusal names


@dataclass(frozen=True)
class Ranking:
    """A sweep's runs, best first, and how many others there are by state."""

    runs: SweepRuns
    metric: str
    goal: str
    ranked: tuple[Entry, ...]
    others: dict[str, int]

    def value(self, entry: Entry) -> float:
        """What `entry` is ranked by."""
        return entry.summary[self.metric]


def stands(entry: Entry) -> bool:
    """Whether a run's numbers compare with those of others: it is over, and was not stopped between its
    folds, where its objective is the mean of those that came first, which may be the easy ones.
    """
    return entry.state in RANKED_STATES and not (entry.state == "killed" and "fold" in entry.summary)


def rank(runs: SweepRuns, sort: str | None = None) -> Ranking:
    """Rank by the sweep's objective, or by another logged metric.

    Runs that are not over, have failed, were stopped between folds or lack the metric are counted by state.
    Ties go by run id.

    Args:
        runs: the sweep.
        sort: a logged metric; what has a word of `SMALLER_IS_BETTER` in its name is better when smaller.

    Raises:
        BadInput: no run that is over has the metric.
    """
    metric = sort or runs.metric
    goal = runs.goal if metric == runs.metric else natural_goal(metric)
    over = [entry for entry in runs.entries if stands(entry) and metric in entry.summary]
    if not over:
        raise BadInput(_nothing_to_rank(runs, metric))
    sign = -1 if goal == "maximize" else 1
    ranked = tuple(sorted(over, key=lambda entry: (sign * entry.summary[metric], entry.id)))
    others = Counter(entry.state for entry in runs.entries if entry not in over)
    return Ranking(runs, metric, goal, ranked, dict(sorted(others.items())))


def natural_goal(metric: str) -> str:
    """Whether less or more of a metric is better, by its name."""
    return "minimize" if any(word in metric for word in SMALLER_IS_BETTER) else "maximize"


def _nothing_to_rank(runs: SweepRuns, metric: str) -> str:
    states = Counter(entry.state for entry in runs.entries)
    if not metric:
        right = "rarebeat leaderboard --sort METRIC takes one"
        return f"sweep {runs.path} has no metric, so nothing says which run is best: {right}"
    if not states:
        return f"sweep {runs.path} has no runs yet: start one with `wandb agent {runs.path}`"
    counts = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
    if any(stands(entry) for entry in runs.entries):
        logged = sorted(
            {name for entry in runs.entries for name in entry.summary if not name.startswith("_")}
        )
        more = f", … ({len(logged)} in all)" if len(logged) > NAMED else ""
        listed = f"; logged are: {', '.join(logged[:NAMED]) or 'nothing'}{more}"
        hint = did_you_mean(metric, logged) or listed
        return f"no finished run of sweep {runs.path} has logged a finite {metric} ({counts}){hint}"
    return f"sweep {runs.path} has no finished run yet ({counts})"


def varying(ranking: Ranking) -> list[str]:
    """Hyperparameters by which the ranked runs differ, in the sweep's order; of one run all searched ones."""
    if len(ranking.ranked) == 1:
        return [name for name in ranking.runs.searched if name in ranking.ranked[0].config]
    return [name for name in _names(ranking) if len({repr(e.config.get(name)) for e in ranking.ranked}) > 1]


def _names(ranking: Ranking) -> list[str]:
    names = [name for entry in ranking.ranked for name in entry.config]
    return list(dict.fromkeys([*ranking.runs.searched, *names]))


def classes(entries: Sequence[Entry]) -> list[str]:
    """The classes that the runs report on, in the data set's order."""
    named = [name for entry in entries for name in entry.dataset.get("classes", ())]
    logged = [name for entry in entries for name in entry.per_class("f1")]
    return [name for name in dict.fromkeys([*named, *logged]) if name in logged]


def notices(ranking: Ranking) -> list[str]:
    """What qualifies every number of a leaderboard: simulated beats, unknown patients, classes left out."""
    datasets = [entry.dataset for entry in ranking.ranked if entry.dataset]
    said = []
    if any(dataset.get("simulated") for dataset in datasets):
        said.append("SIMULATED BEATS: these numbers say nothing about patients.")
    if any(dataset.get("groups_known") is False for dataset in datasets):
        said.append(
            "GROUPS: UNKNOWN. One patient may be on both sides of the split; expect worse on new patients."
        )
    if len({dataset.get("digest") for dataset in datasets}) > 1:
        said.append("The runs used different data sets: their numbers do not compare.")
    return said + [_left_out(names) for names in _unranked(datasets)]


def _unranked(datasets: list) -> list[tuple[str, ...]]:
    out = []
    for dataset in datasets:
        if "ranked_classes" in dataset:
            out.append(tuple(c for c in dataset.get("classes", ()) if c not in dataset["ranked_classes"]))
    return [names for names in dict.fromkeys(out) if names]


def _left_out(names: tuple[str, ...]) -> str:
    listed = ", ".join(names)
    return f"Left out of the macro averages, for too few positives or patients in validation: {listed}."
