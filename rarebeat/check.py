"""`rarebeat check`: a bad sweep YAML is refused before its first run, with line, reason and what is right."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from data_utils.errors import BadInput
from rarebeat import probe
from rarebeat.dry_run import dry_run as dry_run_once
from rarebeat.search import problems as wandb_problems
from rarebeat.sweep_rules import (
    Finding,
    Table,
    findings,
    late_bands,
    runs_in_all,
    runs_our_training,
    size_of,
    texts_like_numbers,
)
from rarebeat.sweep_yaml import NotYaml, SweepYaml, read_sweep, repeats
from rarebeat.training_table import training_table


@dataclass(frozen=True)
class Problem:
    """One sentence about a sweep. `refused` is False for a warning; `line` counts from 1."""

    sentence: str
    line: int | None = None
    refused: bool = True

    def at(self, name: str) -> str:
        """The sentence for a terminal, with its file and line where there is one."""
        warning = "" if self.refused else "warning: "
        place = f"{name}:{self.line}: " if self.line else f"{name}: " if name else ""
        return f"{place}{warning}{self.sentence}"


def check_sweep(text: str, name: str = "", table: Callable[[], Table] = training_table) -> list[Problem]:
    """All problems of a sweep's YAML (or JSON), those that refuse it first.

    Args:
        text: What stands in the file.
        name: The file's; without one, as for text that a client sent, no lines are given.
        table: Gives the hyperparameters and metrics; asked only where the sweep runs our own training.
    """
    try:
        sweep = read_sweep(text)
    except NotYaml as error:
        return [Problem(str(error), error.line if name else None)]
    try:
        all_findings = _all_findings(sweep, table)
    except RecursionError:
        return [Problem("an anchor (&) of this YAML holds itself: write what it stands for")]
    found = [Problem(str(error), line if name else None) for error, line in repeats(sweep)]
    found += [
        Problem(finding.sentence, sweep.line(finding.path) if name else None, finding.refused)
        for finding in all_findings
    ]
    return sorted(dict.fromkeys(found), key=lambda problem: (not problem.refused, problem.line or 0))


def _all_findings(sweep: SweepYaml, table: Callable[[], Table]) -> list[Finding]:
    found = [Finding(str(error), error.path) for error in wandb_problems(sweep.config)]
    if not isinstance(sweep.config, dict):
        return found
    if runs_our_training(sweep.config):
        found += findings(sweep.config, table())
    else:
        sentence = "its command is not python -m training.train: hyperparameters and metric are not checked"
        found.append(Finding(sentence, ("command",), refused=False))
        found += texts_like_numbers(sweep.config.get("parameters"))
    return found + _budget_findings(sweep, found, table)


def _budget_findings(sweep: SweepYaml, found: list[Finding], table: Callable[[], Table]) -> list[Finding]:
    """What is worth saying of runs and their number once nothing is refused."""
    if any(finding.refused for finding in found):
        return []
    config, said = sweep.config, []
    if runs_our_training(config):
        said += late_bands(config, table())
    if config["method"] == "tpe":
        said.append(Finding("only the embedded server knows tpe; for W&B's write bayes", ("method",), False))
    if "run_cap" not in config and size_of(config)[2] is None:
        said.append(Finding("without a run_cap this sweep never ends; write run_cap: 40, say", (), False))
    return said


def refuse(problems: list[Problem], name: str) -> None:
    """Says the refusals on stderr and ends with exit code 2; without one says the warnings."""
    refusals = [problem for problem in problems if problem.refused]
    for problem in refusals or problems:
        click.echo(problem.at(name), err=True)
    if refusals:
        raise click.exceptions.Exit(2)


def read_text(source: str) -> str:
    """The text of a file, or of standard input for `-`.

    Raises:
        BadInput: no such file, one that cannot be read, or not text.
    """
    try:
        content = sys.stdin.buffer.read() if source == "-" else _read_file(Path(source))
        # Windows' editors begin a file with a mark of its encoding.
        return content.decode("utf-8-sig")
    except OSError as error:
        raise BadInput(f"{source} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        what = "standard input is no text" if source == "-" else f"{source} is not a text file"
        raise BadInput(f"{what}; a sweep is YAML in UTF-8") from None


def _read_file(path: Path) -> bytes:
    if path.is_dir():
        raise BadInput(f"{path} is a folder; name the sweep file in it")
    if not path.is_file():
        raise BadInput(f"there is no sweep file {path}; the ones that come with rarebeat lie in sweeps/")
    return path.read_bytes()


def summary(text: str) -> str:
    config = read_sweep(text).config
    parameters, varied, points = size_of(config)
    ending = f", run_cap {config['run_cap']}" if "run_cap" in config else ""
    many = "endless points" if points is None else f"{points} points"
    return f"fine: {parameters} parameters, {varied} of them searched, {many}{ending}"


@click.command()
@click.argument("sweep", metavar="YAML")
@click.option("--data", type=str, help="Also build and start the smallest and largest run on this data set.")
@click.option(
    "--dry-run", is_flag=True, help="Also run the command once for two steps, and see its metric arrive."
)
@click.option("--json", "as_json", is_flag=True, help="Print the problems as JSON.")
def check(sweep: str, data: str | None, dry_run: bool, as_json: bool) -> None:
    """Check a sweep YAML before its first run; `-` reads it from standard input."""
    text = read_text(sweep)
    name = "" if sweep == "-" else sweep
    problems = check_sweep(text, name)
    said: list[str] = []
    if not any(problem.refused for problem in problems):
        tried, said = _try(read_sweep(text).config, data, dry_run)
        problems += tried
    fine = not any(problem.refused for problem in problems)
    if as_json:
        click.echo(
            json.dumps(
                {"fine": fine, "problems": [asdict(problem) for problem in problems], "measured": said}
            )
        )
        raise click.exceptions.Exit(0 if fine else 2)
    refuse(problems, name)
    click.echo("\n".join([summary(text), *said]))


def _try(config: dict, data: str | None, dry: bool) -> tuple[list[Problem], list[str]]:
    """What starting runs on a data set shows: problems, and sentences about what they cost."""
    problems, said = [], []
    ours = runs_our_training(config)
    if dry and not ours:
        return [Problem("--dry-run knows only python -m training.train how to make short")], []
    if data is not None:
        from data_utils.dataset import open_dataset  # numpy and h5py, needed only here

        open_dataset(Path(data))
    if data is not None and ours:
        found = probe.probe(config, data)
        problems = [Problem(_refusal(one)) for one in found["refused"]]
        said = probe.lines(found, runs_in_all(config))
    if dry and not problems:
        said.append(dry_run_once(config, data))
    return problems, said


def _refusal(one: dict) -> str:
    sizes = ", ".join(f"{name} {value}" for name, value in one["point"].items() if name != "data")
    return f"a run with {sizes} would be refused: {one['sentence']}"
