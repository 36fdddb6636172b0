"""Train one run: hyperparameters in; metrics, predictions and a model out.

    python -m training.train --data data/mitdb.h5 --set epochs=2 --set loss=focal

Under `wandb agent` the hyperparameters are those of the sweep; they are read from `wandb.config` alone.
Bad input ends with one sentence and exit code 2.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import training.quiet  # noqa: F401  (before anything imports TensorFlow)

# isort: split
import wandb
import yaml

from data_utils.dataset import Dataset, open_dataset
from data_utils.errors import BadInput
from data_utils.writable import takes_files
from training import card, checkpoint, tracking
from training.budget import EndWhenAsked, OverBudget, budgets
from training.checkpoint import Checkpoints
from training.dataset_artifact import dataset_path
from training.devices import check_device
from training.epoch_log import LossNotFinite
from training.folds import fit_folds, ranked_classes, validation_sides
from training.hyperparameters import inactive, resolve
from training.metric_names import OBJECTIVE
from training.outcome import Outcome, conclude
from training.predictions import NAME as PREDICTIONS
from training.predictions import pool
from training.result import about, write_result
from training.stopping import INTERRUPTED, TERMINATED, Terminated, end_process, sigterm_noted
from training.tables import final_tables


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    options = _parse(arguments)
    with tempfile.TemporaryDirectory(prefix="rarebeat-") as scratch, sigterm_noted() as asked:
        run, kept, code = None, None, 1
        try:
            overrides = read_overrides(options.set)
            # What is wrong here need not open a run.
            resolve(overrides)
            _refuse_unwritable(options.out)
            check_device(os.environ)
            run = tracking.open_run(overrides)
            kept = train(run, options.data, _output_folder(run, options.out, scratch), asked)
            code = 0
        except BadInput as error:
            code = _say(error, 2)
        except (LossNotFinite, OverBudget) as error:
            code = _say(error, 1)
        except Terminated as error:
            # A scheduler wants the machine: W&B hands the run out again. One that a sweep has stopped stays
            # stopped.
            run.mark_preempting()
            code = _say(error, TERMINATED)
        except wandb.Error as error:
            code = _say(f"The W&B server does not take this run: {str(error).splitlines()[0]}", 1)
        except KeyboardInterrupt:
            code = _say("Stopped.", INTERRUPTED)
        finally:
            if run:
                run.finish(exit_code=code)
        if kept:
            # Only now: until it is finished the client sends files from where they lie, and may fail.
            kept.clear()
    return code


def train(
    run: wandb.Run, data: str | None, folder: Path, asked: Callable[[], bool] = lambda: False
) -> Checkpoints:
    """Train what the run's configuration says, and leave everything in `folder` and at the run.

    Returns the run's checkpoints, which nobody needs once the run is finished.

    Args:
        run: its configuration is the one source of hyperparameters.
        data: a dataset file, or a W&B artifact that holds one; goes before RAREBEAT_DATA and before the
            configuration.
        folder: where model.keras, card.json and predictions.npz are written.
        asked: whether the process has been asked to end.

    Raises:
        BadInput: a wrong hyperparameter, or a data file that cannot be used.
        LossNotFinite: training diverged.
        OverBudget: it uses more memory than it may.
        Terminated: it was asked to end; another call for the same run goes on from its checkpoint.
    """
    given = tracking.given_hyperparameters(run)
    named = data or os.environ.get("RAREBEAT_DATA") or resolve(given)["data"]
    dataset = open_dataset(dataset_path(run, named))
    hp = resolve(given, dataset.task)
    ranked, enough = ranked_classes(validation_sides(hp, dataset), dataset.classes)
    _announce(dataset, ranked, enough)
    tracking.describe(run, hp, inactive(hp), {**about(dataset), "ranked_classes": ranked})

    checkpoints = _checkpoints(run, hp, dataset.digest)
    history = tracking.History(run, checkpoints.rows)

    def guards(fold: int | None) -> list:
        return [EndWhenAsked(asked), *budgets(hp, fold, checkpoints.seconds)]

    members = fit_folds(hp, dataset, ranked, lambda row: _log(history, row), checkpoints, guards)

    predictions = pool(dataset, members)
    outcome = conclude(predictions, members, ranked, hp["link"], dataset.task, hp)
    history.log(final_tables(predictions, outcome, dataset.task))
    run.summary.update(outcome.summary)

    origin = {
        "path": tracking.run_path(run),
        "server": "none" if run.disabled else run.settings.base_url,
    }
    write_result(folder, hp, dataset, members, ranked, outcome, predictions, origin)
    tracking.log_files(run, "model", [*card.model_files(folder), folder / card.NAME])
    tracking.log_files(run, "predictions", [folder / PREDICTIONS])
    _conclusion(outcome, folder, run.disabled)
    return checkpoints


def _checkpoints(run: wandb.Run, hp: dict, digest: str) -> Checkpoints:
    """Return the run's checkpoints, with what an earlier attempt has left there or among the run's files."""
    folder = tracking.checkpoint_folder(run)
    if folder is None:
        return Checkpoints()
    checkpoint.forget_old(folder.parent)
    share = tracking.share_file(run, folder) if hp["checkpoint_upload"] and not run.disabled else None
    kept = Checkpoints(folder, checkpoint.identity(hp, digest), hp["checkpoint_every"], share)
    if kept.load() or (share and _fetched(run, folder) and kept.load()):
        print(f"This run goes on from {kept.place()}.", flush=True)
    return kept


def _fetched(run: wandb.Run, folder: Path) -> bool:
    tracking.fetch_files(run, f"{checkpoint.FOLDER}/", folder)
    return True


def read_overrides(pairs: Sequence[str]) -> dict:
    """Return {"epochs": 2} of ["epochs=2"]; values are read as YAML reads them.

    Raises:
        BadInput: a pair without "=", or a value that is no YAML.
    """
    values = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise BadInput(f"--set {pair} has no value: write --set {pair}=VALUE.")
        try:
            values[name.strip()] = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise BadInput(f"--set {pair} has a value that YAML cannot read.") from error
    return values


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training.train", description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="dataset file; goes before RAREBEAT_DATA and the configuration")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a hyperparameter")
    parser.add_argument("--out", type=Path, help="folder for model, card and predictions")
    return parser.parse_args(arguments)


def _refuse_unwritable(out: Path | None) -> None:
    """Raise BadInput if --out cannot become a folder with files in it: better now than when all is done."""
    if out is not None and not takes_files(out):
        raise BadInput(f"--out {out} cannot be written to: name a folder of yours, or one that can be made.")


def _output_folder(run: wandb.Run, out: Path | None, scratch: str) -> Path:
    """Files go where they were asked for; to runs/<id> when they would go nowhere else."""
    if out:
        return out
    return Path("runs") / run.id if run.disabled else Path(scratch)


def _announce(dataset: Dataset, ranked: list[str], enough: bool) -> None:
    if dataset.simulated:
        print(f"{dataset.path} holds SIMULATED beats: what is measured on it says nothing about people.")
    if not dataset.groups_known:
        print(f"{dataset.path} has groups: unknown, so the same person may be on both sides.")
    if not enough:
        print("No class has 50 positives in 3 patients on every validation side.")
    print(f"Macro averages are over {', '.join(ranked)}.", flush=True)


def _log(history: tracking.History, row: dict[str, float]) -> None:
    history.log(row)
    fold = f"fold {row['fold']}  " if "fold" in row else ""
    if "epoch" in row:
        print(
            f"{fold}epoch {row['epoch']}  loss {row['train/loss']:.4f}, validation {row['val/loss']:.4f}  "
            f"macro AUPRC {row[f'val/{OBJECTIVE}']:.4f}  {row['time/samples_per_second']:.0f} examples/s",
            flush=True,
        )
    else:
        print(f"{fold}mean best macro AUPRC so far {row[f'best/{OBJECTIVE}']:.4f}", flush=True)


def _conclusion(outcome: Outcome, folder: Path, alone: bool) -> None:
    metrics = outcome.metrics
    tuned = metrics.get("macro_f1_tuned")
    thresholds = "" if tuned is None else f", with thresholds of other patients {tuned:.4f}"
    print(f"Macro AUPRC {metrics[OBJECTIVE]:.4f}, macro F1 {metrics['macro_f1']:.4f}{thresholds}.")
    if alone:
        print(f"The model and its card are in {folder}.")


def _say(error: object, code: int) -> int:
    print(error, file=sys.stderr, flush=True)
    return code


if __name__ == "__main__":
    sys.exit(end_process(main()))
