"""`rarebeat best`: bring home the best run that has a model."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import yaml
from rich.console import Console

from data_utils.errors import BadInput
from data_utils.layout import test_path
from data_utils.writable import takes_files
from rarebeat.backend import client_errors, connect
from rarebeat.configurations import in_order, join, together
from rarebeat.ranking import Ranking, notices, rank
from rarebeat.sweep_runs import Entry, find_sweep, read_sweep
from rarebeat.tables import console, say
from training.card import MODEL, NAME, TREES, model_files, read_card
from training.metric_names import OBJECTIVE

if TYPE_CHECKING:
    import wandb

# The run's hyperparameters, as `rarebeat sweep` takes them.
POINT = "point.yaml"
FILES = (MODEL, TREES, NAME, POINT)


@dataclass(frozen=True)
class Best:
    """The best run that has a model, where the model is now, its card, and the better runs that have none."""

    entry: Entry
    value: float
    directory: Path
    card: dict[str, Any]
    without_model: tuple[str, ...]


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="Folder for the model.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable, on stdout.")
def best(paths: tuple[str, ...], out: Path, as_json: bool) -> None:
    """Download the model of the best run that has one, its card, and the run's hyperparameters as YAML.

    Runs that differ in their seed alone are one configuration, of which the best seed's model is taken.

    PATH is ENTITY/PROJECT/SWEEP, PROJECT/SWEEP, the sweep's web address, or its id alone.
    """
    check_folder(out)
    api = connect()
    ranking = together(rank(join([read_sweep(api, find_sweep(api, path)) for path in paths])))
    won = fetch_best(api, ranking, out)
    if as_json:
        click.echo(json.dumps(as_data(won, ranking), indent=2))
    else:
        to = console()
        show(won, ranking, to)
        for notice in notices(ranking):
            say(to, notice, style="bold yellow")


def check_folder(directory: Path) -> None:
    """Raise `BadInput` where a model cannot be written to `directory`, or would overwrite something else."""
    above = directory.absolute().parent
    if not takes_files(above):
        raise BadInput(f"{directory} cannot be written: {above} is no folder that you may write to")
    with _file_errors(directory):
        _check_place(directory)


def _check_place(directory: Path) -> None:
    if directory.resolve() == Path.cwd():
        raise BadInput(f"{directory} is the folder that you are in: name one in it, such as runs/best")
    if not directory.exists():
        return
    if not directory.is_dir():
        raise BadInput(f"{directory} is a file: name a folder for the model")
    strangers = sorted(path.name for path in directory.iterdir() if path.name not in FILES)
    if strangers:
        raise BadInput(f"{directory} holds {strangers[0]}, so it is no model folder: name another one")


def fetch_best(api: wandb.Api, ranking: Ranking, directory: Path) -> Best:
    """Download the best ranked run's model; `directory` is complete afterwards, or untouched.

    Raises:
        BadInput: no ranked run has a model, or `directory` holds something else.
    """
    check_folder(directory)
    without: list[str] = []
    for entry in in_order(ranking):
        with client_errors():
            model = model_of(api, entry)
            if model is None:
                without.append(entry.id)
                continue
            with _file_errors(directory):
                download_model(model, directory)
        return Best(entry, ranking.value(entry), directory, read_card(directory), tuple(without))
    raise BadInput(f"no run of sweep {ranking.runs.path} has logged a model (an artifact of type `model`)")


def model_of(api: wandb.Api, entry: Entry) -> wandb.Artifact | None:
    """The last model that a run has logged."""
    models = [one for one in api.run(entry.path).logged_artifacts() if one.type == "model"]
    return models[-1] if models else None


@contextmanager
def _file_errors(directory: Path) -> Iterator[None]:
    """Turn what the disk refuses into one sentence. The network's errors are OSErrors too, and pass."""
    try:
        yield
    except OSError as error:
        if error.errno is None or isinstance(error, ConnectionError | TimeoutError):
            raise
        raise BadInput(f"{directory} cannot be written: {error.strerror}") from error


def download_model(model: wandb.Artifact, directory: Path) -> None:
    """Bring a model into `directory`, which is complete afterwards, or as it was."""
    # Of a link, the folder that it leads to.
    directory = directory.resolve()
    directory.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    try:
        # The copy in the client's cache would never be read again.
        model.download(root=str(fresh), skip_cache=True)
        _verify(model, fresh)
        if not model_files(fresh) or not (fresh / NAME).is_file():
            lacking = NAME if model_files(fresh) else MODEL
            raise BadInput(f"artifact {model.name} lacks {lacking}: it was not logged by training.train")
        write_point(fresh, read_card(fresh))
        fresh.chmod(0o755)
        replace_model(fresh, directory)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _verify(model: wandb.Artifact, directory: Path) -> None:
    try:
        model.verify(root=str(directory))
    except ValueError as error:
        raise BadInput(
            f"artifact {model.name} is not what its run logged ({error}): bring it again"
        ) from error


def write_point(directory: Path, card: Mapping[str, Any]) -> None:
    """Write the hyperparameters that had an effect as a sweep of one run, which trains the model again."""
    active = {k: v for k, v in card["hyperparameters"].items() if k not in card["inactive"]}
    sweep = {
        "method": "grid",
        "command": ["${env}", "${interpreter}", "-m", "training.train"],
        "metric": {"name": f"best/{OBJECTIVE}", "goal": "maximize"},
        "parameters": {name: {"value": value} for name, value in active.items()},
    }
    origin = f"# The run {card['run']['path']}, on data of digest {card['dataset']['digest']}.\n"
    (directory / POINT).write_text(origin + yaml.safe_dump(sweep, sort_keys=False), encoding="utf-8")


def replace_model(fresh: Path, directory: Path) -> None:
    """Put a model's folder in the place of an older one beside it, which stays where that fails."""
    if not directory.exists():
        fresh.rename(directory)
        return
    old = fresh.with_name(fresh.name + "-old")
    directory.rename(old)
    try:
        fresh.rename(directory)
    except OSError:
        old.rename(directory)
        raise
    shutil.rmtree(old)


def next_command(won: Best) -> str:
    """The command that proves the model on patients that no run has seen."""
    return (
        f"rarebeat evaluate {shlex.quote(str(won.directory))} --data {shlex.quote(str(_test_file(won.card)))}"
    )


def _test_file(card: Mapping[str, Any]) -> Path:
    # RAREBEAT_DATA goes before the sweep's own file, so that the card may name one that was not used.
    used = Path(card["dataset"].get("file") or card["hyperparameters"]["data"])
    named = [Path(os.environ.get("RAREBEAT_DATA", "")), Path(card["hyperparameters"]["data"])]
    return test_path(next((file for file in named if file.name == used.name), used))


def show(won: Best, ranking: Ranking, to: Console) -> None:
    """Print the run, its objective and thresholds, and the next command."""
    if won.without_model:
        say(to, f"Better, but without a model: {', '.join(won.without_model)}.")
    name = "" if won.entry.name == won.entry.id else f" ({won.entry.name})"
    say(to, f"Best run {won.entry.id}{name}: {ranking.metric} {won.value:.4f}")
    thresholds = won.card.get("thresholds", {})
    say(to, "Thresholds: " + ", ".join(f"{name} {value:.3g}" for name, value in thresholds.items()))
    models = ", ".join(str(path) for path in model_files(won.directory))
    say(to, f"Model: {models} · card: {won.directory / NAME}")
    say(to, "Prove it once, on patients that no run has seen:")
    say(to, f"  {next_command(won)}")


def as_data(won: Best, ranking: Ranking) -> dict[str, Any]:
    """The best run as plain data for `--json`."""
    return {
        "run": won.entry.id,
        "name": won.entry.name,
        "metric": ranking.metric,
        "objective": won.value,
        "directory": str(won.directory),
        "thresholds": won.card.get("thresholds", {}),
        "without_model": list(won.without_model),
        "notices": notices(ranking),
        "evaluate": next_command(won),
    }
