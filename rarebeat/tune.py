"""`rarebeat tune`: the same YAML and the same training in this process, searched by KerasTuner."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from data_utils.errors import BadInput
from rarebeat import best, doubt, leaderboard
from rarebeat.ranking import Ranking, notices, rank
from rarebeat.sweep_config import load_config
from rarebeat.sweep_rules import runs_our_training
from rarebeat.sweep_runs import Entry, SweepRuns, searched
from rarebeat.tables import console, say
from training.card import read_card

if TYPE_CHECKING:
    from data_utils.dataset import Dataset
    from training.predictions import Predictions
    from training.tuning import Search, Trial

TUNERS = ("bayesian", "hyperband", "random", "grid")


@click.command()
@click.argument("source", metavar="YAML", type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), help="Data file; wins over the YAML's.")
@click.option("--tuner", type=click.Choice(TUNERS), default="bayesian", show_default=True)
@click.option("--runs", type=click.IntRange(1), help="Trials in all; else the YAML's run_cap.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Fix a hyperparameter.")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), default=Path("runs/best"), show_default=True,
    help="Folder for the best model.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Machine-readable on stdout, progress on stderr.")
def tune(
    source: Path,
    data: Path | None,
    tuner: str,
    runs: int | None,
    settings: tuple[str, ...],
    out: Path,
    as_json: bool,
) -> None:
    """Search the space of a sweep's YAML in one process, without any server, and keep the best model.

    What has no effect is not searched. Ctrl-C ends the search with what it has found.
    """
    best.check_folder(out)
    named = data or (Path(os.environ["RAREBEAT_DATA"]) if os.environ.get("RAREBEAT_DATA") else None)
    config = load_config(source, settings, runs, named)
    if not runs_our_training(config):
        raise BadInput(f"{source} runs another program than training.train: use `rarebeat sweep`.")
    if "values" in config["parameters"].get("data", {}):
        raise BadInput(f"{source} names several data files, and tune opens one: name it by --data")
    with tempfile.TemporaryDirectory(prefix="rarebeat-tune-") as folder:
        ranking, doubts = _search(config, source, tuner, Path(folder))
        won = _bring_home(Path(folder) / ranking.ranked[0].id, ranking, out)
    if as_json:
        found = {"leaderboard": leaderboard.as_data(ranking, doubts), "best": best.as_data(won, ranking)}
        click.echo(json.dumps(found, indent=2))
        return
    to = console()
    leaderboard.show(ranking, doubts, to)
    best.show(won, ranking, to)
    for notice in notices(ranking):
        say(to, notice, style="bold yellow")


def _search(config: dict, source: Path, tuner: str, folder: Path) -> tuple[Ranking, doubt.Doubts]:
    import training.quiet  # noqa: F401  (before anything imports TensorFlow)

    # isort: split
    from data_utils.dataset import open_dataset
    from training.devices import check_device
    from training.predictions import read_predictions
    from training.tuning import Search
    from training.tuning import tune as run

    check_device(os.environ)
    parameters = config["parameters"]
    dataset = open_dataset(parameters.get("data", {}).get("value", "data/mitdb.h5"))
    if dataset.sealed:
        raise BadInput(f"{dataset.path} is the sealed test side: tune on the training file beside it")
    metric = config.get("metric") or {"name": doubt.METRIC, "goal": "maximize"}
    if not metric["name"].startswith("best/"):
        raise BadInput(f"tune follows best/…, and the metric is {metric['name']}: take {doubt.METRIC}.")
    search = Search(tuner, parameters, metric["name"], metric.get("goal", "minimize"), config.get("run_cap"))
    trials = run(search, dataset, folder, lambda trial, is_best: _tell(search, trial, is_best))

    entries = tuple(_entry(trial, search.metric, dataset, folder) for trial in trials)
    path = f"local/tune/{source.stem}"
    found = SweepRuns(path, "", "FINISHED", search.metric, search.goal, searched(parameters), entries)
    ranking = rank(found)

    def read(entry: Entry) -> Predictions | None:
        return read_predictions(folder / entry.id)

    return ranking, doubt.resample(ranking, doubt.TOP, read)


def _tell(search: Search, trial: Trial, is_best: bool) -> None:
    what = f"{search.metric} {trial.summary[search.metric]:.4f}" if trial.summary else trial.reason
    click.echo(f"{trial.id}  {what}{'  the best so far' if is_best else ''}", err=True)


def _entry(trial: Trial, metric: str, dataset: Dataset, folder: Path) -> Entry:
    from training.result import about

    told: dict[str, Any] = about(dataset)
    if trial.summary:
        told["ranked_classes"] = read_card(folder / trial.id)["ranked_classes"]
    return Entry(
        id=trial.id,
        name=trial.id,
        state=trial.state,
        objective=trial.summary.get(metric),
        config=trial.hp,
        inactive=frozenset(trial.inactive),
        summary=trial.summary,
        dataset=told,
    )


def _bring_home(folder: Path, ranking: Ranking, out: Path) -> best.Best:
    place = out.resolve()
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    try:
        for name in best.FILES:
            if (folder / name).is_file():
                shutil.copy(folder / name, fresh / name)
        fresh.chmod(0o755)
        best.replace_model(fresh, place)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    entry = ranking.ranked[0]
    return best.Best(entry, ranking.value(entry), out, read_card(out), ())
