"""`rarebeat data build SOURCE` and `rarebeat data fetch SOURCE`: one command for each source, made from the
options that it declares, and only when it is asked for."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from data_utils.errors import BadInput
from data_utils.sources import registry
from rarebeat.progress_bar import bar, say

if TYPE_CHECKING:
    from data_utils.sources.registry import Source


class SourceGroup(click.Group):
    """A group whose commands are the sources."""

    def __init__(self, *args: Any, command: Callable[[str, Source], click.Command], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.command_for = command

    def list_commands(self, ctx: click.Context) -> list[str]:
        return registry.names()

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        return self.command_for(name, registry.source_named(name))


def build_command(name: str, source: Source) -> click.Command:
    """`rarebeat data build NAME` with the options of that source and of no other."""

    def run(folder: Path | None, out: Path, overwrite: bool, **asked: Any) -> None:
        from data_utils.write import refuse_existing

        options = source.options(**{key: _value(source, key, text) for key, text in asked.items()})
        refuse_existing(out, overwrite)
        folder = (
            folder
            or _elsewhere(source, options)
            or _fetched(name, source, out.parent / name, options=options)
        )
        with bar("Reading recordings") as progress:
            left_out = source.build(folder, out, options, overwrite, progress)
        for each in left_out:
            say(f"Left out {each.what}: {each.reason}.")
        _say_what_is_rare(out)
        say(f"Wrote {out}. Look at it with: rarebeat data show {out}")

    default = "" if source.fetch is None else "; else download"
    path = click.Path(path_type=Path)
    parameters = [
        click.Option(["--from", "folder"], type=path, help=f"The {source.reads}{default}."),
        click.Option(["--out"], type=path, required=True, help="Data file; its sealed side goes beside it."),
        *(_option(field) for field in dataclasses.fields(source.options)),
        click.Option(["--overwrite"], is_flag=True, help="Replace files that are there already."),
    ]
    closing = "What cannot be used is named, left out and counted."
    return click.Command(name, params=parameters, callback=run, help=f"{source.meaning}\n\n{closing}")


def fetch_command(name: str, source: Source) -> click.Command:
    """`rarebeat data fetch NAME`."""

    def run(folder: Path, mirror: str | None) -> None:
        _fetched(name, source, folder, mirror)
        say(f"{folder} is whole. Build from it with: rarebeat data build {name} --from {folder} --out FILE")

    to = click.Option(
        ["--to", "folder"], type=click.Path(path_type=Path), default=Path("data") / name, show_default=True
    )
    text = "Download the recordings, going on where an earlier download stopped."
    mirror = click.Option(["--mirror"], help="Address of a copy of PhysioNet's files, laid out like them.")
    return click.Command(name, params=[to, mirror], callback=run, help=text)


def _elsewhere(source: Source, options: Any) -> Path | None:
    """What an option names instead of --from."""
    named = (f.name for f in dataclasses.fields(source.options) if f.metadata["kind"] == "folder")
    return next((Path(folder) for name in named if (folder := getattr(options, name))), None)


def _fetched(name: str, source: Source, folder: Path, mirror: str | None = None, options: Any = None) -> Path:
    from data_utils.download import PHYSIONET

    if source.fetch is None:
        raise BadInput(
            f"{name} is not downloaded by this program: give `rarebeat data build {name}` --from the "
            f"{source.reads}."
        )
    with bar("Downloading") as progress:
        source.fetch(folder, (mirror or PHYSIONET).rstrip("/"), options, progress)
    return folder


def _option(field: dataclasses.Field) -> click.Option:
    kind, meaning = field.metadata["kind"], field.metadata["meaning"]
    name = f"--{field.name.replace('_', '-')}"
    if kind == "flag":
        return click.Option([name], is_flag=True, help=meaning)
    more: dict[str, Any] = {"default": _text(field.default), "show_default": field.default is not None}
    if kind == "choice":
        more["type"] = click.Choice(field.metadata["choices"])
    if kind in ("int", "float", "seconds"):
        more["type"] = int if kind == "int" else float
    if kind == "folder":
        more["type"] = click.Path()
    if kind == "seconds":
        more |= {"is_flag": False, "flag_value": 10.0}
    return click.Option([name], help=meaning, **more)


def _text(default: Any) -> Any:
    return ",".join(map(str, default)) if isinstance(default, tuple) else default


def _value(source: Source, name: str, given: Any) -> Any:
    """What the options class takes, from what was typed."""
    kind = next(f for f in dataclasses.fields(source.options) if f.name == name).metadata["kind"]
    if given is None or kind not in ("names", "band"):
        return given
    parts = tuple(part.strip() for part in given.split(",") if part.strip())
    if kind == "names":
        return parts
    try:
        low, high = map(float, parts)
    except ValueError as error:
        raise BadInput(f"--{name.replace('_', '-')} {given}: give two numbers, as in 0.5,40.") from error
    return low, high


def _say_what_is_rare(out: Path) -> None:
    """Name the classes that cannot be learnt or cannot be judged, before a sweep is spent on them."""
    from data_utils.dataset import open_dataset

    dataset = open_dataset(out)
    splits = dataset.summary["splits"]
    patients = {
        name: sum(split["patients_with"][name] for split in splits.values()) for name in dataset.classes
    }
    for split, counts in splits.items():
        if not counts["rows"]:
            say(f"Nothing is on the {split} side: too few recordings can be used.")
    who = "patient" if dataset.groups_known else "recording"
    for names, sentence in (
        ([name for name, count in patients.items() if not count], "Without any example: {}."),
        ([name for name, count in patients.items() if count == 1], f"With one {who} alone: {{}}."),
    ):
        if names:
            say(sentence.format(", ".join(names)))
    if not dataset.groups_known:
        say("Patients are unknown: one patient's recordings may lie on both sides of every split.")
