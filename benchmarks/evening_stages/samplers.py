"""Does resampling help a rare class? Each sampler against none on the same patients, class by class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rarebeat.doubt import read_run
from rarebeat.sweep_runs import Entry, find_sweep, read_sweep
from training.bootstrap import interval
from training.objective import objective, resampled_objective

if TYPE_CHECKING:
    import wandb

CONTROL = "none"
RESAMPLES = 1000


def against_none(api: wandb.Api, path: str) -> list[dict[str, Any]]:
    """A line for each network, sampler and ranked class of the sweep at `path`.

    `share` is how much of the rows the class is, which is what a guess gets, `value` the mean over folds of
    the class's AUPRC, `difference` what it has more than the same network without resampling, and `interval`
    the 95 % interval of that over the same draws of patients.
    """
    runs = [run for run in read_sweep(api, find_sweep(api, path)).entries if run.objective is not None]
    lines = []
    for model in dict.fromkeys(run.config["model"] for run in runs):
        of_model = {run.config["sampler"]: run for run in runs if run.config["model"] == model}
        control = _drawn(api, of_model[CONTROL])
        for sampler, run in of_model.items():
            found = control if sampler == CONTROL else _drawn(api, run)
            lines += [_line(model, sampler, name, found[name], control[name]) for name in found]
    return lines


Drawn = tuple[float, float, np.ndarray]


def _drawn(api: wandb.Api, run: Entry) -> dict[str, Drawn]:
    """By ranked class its share, its AUPRC, and that (R,) over draws of patients, the same for every run."""
    predictions, link = read_run(api, run), run.config["link"]
    share = dict(zip(predictions.classes, (predictions.target == 1).mean(axis=0), strict=True))
    return {
        name: (
            float(share[name]),
            objective(predictions, [name], link),
            resampled_objective(predictions, [name], link, RESAMPLES),
        )
        for name in run.dataset["ranked_classes"]
    }


def _line(model: str, sampler: str, name: str, found: Drawn, control: Drawn) -> dict[str, Any]:
    (share, value, drawn), (_, without, drawn_without) = found, control
    return {
        "model": model,
        "sampler": sampler,
        "class": name,
        "share": share,
        "value": value,
        "difference": value - without,
        "interval": None if sampler == CONTROL else interval(drawn - drawn_without),
    }
