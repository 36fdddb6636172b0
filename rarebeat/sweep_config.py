"""A sweep YAML as `rarebeat sweep` starts it: with `--set`, `--runs` and `--data` applied, and checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from data_utils.errors import BadInput
from rarebeat.check import Problem, check_sweep, read_text, refuse
from rarebeat.sweep_rules import runs_our_training
from rarebeat.sweep_yaml import read_sweep
from training.dataset_artifact import is_artifact


def load_config(
    source: Path, settings: Iterable[str], count: int | None, data: Path | None
) -> dict[str, Any]:
    """The sweep's config, ready for the backend.

    Args:
        source: the YAML.
        settings: `key=value`; each replaces a parameter by one value.
        count: runs in all; replaces run_cap.
        data: the data file that will be used, so that every run's config names it.

    Raises:
        BadInput: no such file, or a setting that is none.
        click.exceptions.Exit: the sweep is refused; the reasons have been printed.
    """
    settings = [parse_setting(setting) for setting in settings]
    text = read_text(str(source))
    written = check_sweep(text, str(source))
    if any(problem.refused for problem in written):
        refuse(written, str(source))
    config = apply(read_sweep(text).config, settings, count, data)
    lines = {problem.sentence: problem.line for problem in written}
    changed = check_sweep(yaml.safe_dump(config, sort_keys=False))
    refuse([_placed(problem, lines) for problem in changed], str(source))
    return config


def _placed(problem: Problem, lines: dict[str, int | None]) -> Problem:
    """With its line in the file, or with the word that it does not stand there."""
    if problem.sentence in lines:
        return replace(problem, line=lines[problem.sentence])
    return replace(problem, sentence=f"as set on the command line, {problem.sentence}")


def apply(
    config: dict[str, Any], settings: Iterable[tuple[str, Any]], count: int | None, data: Path | None
) -> dict[str, Any]:
    """`config` with the command line's settings in place of its own.

    Raises:
        BadInput: a setting that a foreign training would not know.
    """
    parameters = dict(config["parameters"])
    for name, value in settings:
        if name not in parameters and not runs_our_training(config):
            raise BadInput(f"--set {name}: the sweep has no parameter {name}, only {', '.join(parameters)}")
        parameters[name] = {"value": value}
    if data is not None and runs_our_training(config):
        parameters["data"] = {"value": str(data)}
    cap = {} if count is None else {"run_cap": count}
    return config | {"parameters": parameters} | cap


def parse_setting(setting: str) -> tuple[str, Any]:
    """`key=value` with the value read as YAML. Raises `BadInput`."""
    name, equals, text = setting.partition("=")
    if not equals or not name.strip():
        raise BadInput(f"--set {setting!r} is no setting: write --set key=value, such as --set epochs=5")
    try:
        return name.strip(), yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadInput(f"--set {setting!r}: the value is not YAML, so quote it") from error


def data_files(config: dict[str, Any]) -> list[Path]:
    """The data files that a sweep names; artifacts are its runs' to fetch."""
    parameter = config["parameters"].get("data") or {}
    named = parameter.get("values", [parameter["value"]] if "value" in parameter else [])
    return [Path(str(file)) for file in named if not is_artifact(str(file))]
