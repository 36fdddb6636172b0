"""What is in a dataset file, as tables and as plain data. It reads counts only, never the sealed file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from rich.console import Console, Group
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from data_utils.dataset import Dataset
from data_utils.layout import test_path

# Rows of a table; MIT-BIH's 48 recordings are shown whole, PTB-XL's 21,799 would bury the rest.
_LISTED = 60


def as_data(dataset: Dataset, verified: bool | None) -> dict:
    """Everything that the tables show, ready for JSON."""
    return {
        "path": str(dataset.path),
        "sealed": str(test_path(dataset.path)),
        "source": dataset.source,
        "licence": dataset.licence,
        "simulated": dataset.simulated,
        "groups_known": dataset.groups_known,
        "task": dataset.task,
        "classes": dict(zip(dataset.classes, dataset.class_names, strict=True)),
        "leads": list(dataset.leads),
        "rate": dataset.rate,
        "covariates": list(dataset.covariates),
        "preparation": dataset.preparation,
        "digest": dataset.digest,
        "verified": verified,
        "patients_on_both_sides": patients_on_both_sides(dataset.summary),
        "totals": totals(dataset.summary),
        **dataset.summary,
    }


def totals(summary: Mapping) -> dict[str, dict[str, int]]:
    """Counts per class of the files, of what is left out, and of the whole source."""
    files = _summed(split["classes"] for split in summary["splits"].values())
    left_out = _summed(entry["classes"] for entry in summary["left_out"])
    return {"files": files, "left_out": left_out, "all": _summed((files, left_out))}


def patients_on_both_sides(summary: Mapping) -> list[str]:
    """Patients who train and are tested: only a published split that was asked for can do that."""
    test = {r["patient"] for r in summary["recordings"] if r["split"] == "test"}
    return sorted(test & {r["patient"] for r in summary["recordings"] if r["split"] != "test"})


def show(dataset: Dataset, verified: bool | None, console: Console) -> None:
    """Print the tables."""
    summary = dataset.summary
    names = list(totals(summary)["all"])
    recordings = summary["recordings"]
    tables = [
        _Counts(
            "By split", ["split", "recordings", "patients", "rows"], list(_split_rows(summary)), few=True
        ),
        _Counts(
            "By fold (training and validation)",
            ["fold", "patients", "rows"],
            list(_fold_rows(summary)),
            few=True,
        ),
        _Counts(
            "By recording",
            ["recording", "patient", "split", "fold"],
            [*_recording_rows(recordings), *_more(recordings, 4)],
        ),
        _Counts("Left out", ["what", "why"], list(_left_out_rows(summary, names))),
    ]
    console.print(
        *(Panel(sentence, style="bold red") for sentence in warnings(dataset)),
        _about(dataset, verified),
        *(table.drawn(names, console) for table in tables),
        sep="\n",
    )


def _summed(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for each in counts:
        for name, count in each.items():
            total[name] = total.get(name, 0) + count
    return total


def warnings(dataset: Dataset) -> list[str]:
    """What every reader of its numbers must know first, a sentence each."""
    sentences = []
    if dataset.simulated:
        sentences.append("SIMULATED beats: no result on them says anything about hearts.")
    if not dataset.groups_known:
        sentences.append("PATIENTS UNKNOWN: rows of one patient may lie on both sides of every split.")
    both = patients_on_both_sides(dataset.summary)
    if both:
        sentences.append(f"PATIENT {', '.join(both)} IS ON BOTH SIDES: results on the test side flatter.")
    return sentences


def _about(dataset: Dataset, verified: bool | None) -> Group:
    state = {
        None: "not verified (--verify reads it all)",
        True: "verified",
        False: "DOES NOT FIT THE CONTENTS",
    }
    table = Table.grid(padding=(0, 2))
    long_names = zip(dataset.classes, dataset.class_names, strict=True)
    for name, value in {
        "file": str(dataset.path),
        "source": f"{dataset.source} ({dataset.licence})",
        "task": f"{dataset.task}: " + ", ".join(f"{slug} {name}" for slug, name in long_names),
        "leads": f"{', '.join(dataset.leads)} at {dataset.rate:g} Hz, mV",
        "covariates": ", ".join(dataset.covariates) or "none",
        "digest": f"{dataset.digest}, {state[verified]}",
        "test side": f"{test_path(dataset.path)}, sealed: only rarebeat evaluate opens it",
    }.items():
        table.add_row(f"[bold]{name}", escape(value))
    return Group(table, "")


@dataclass(frozen=True)
class _Counts:
    """Rows of a table: what each says of itself, and its counts per class; `few` where there are few rows."""

    title: str
    heads: list[str]
    rows: list[tuple[list[str], Mapping]]
    few: bool = False

    def drawn(self, names: list[str], console: Console) -> Table:
        """A column per class where the console is wide enough; else a row per class, or counts as text."""
        endless = console.options.update(max_width=10_000)
        tables = [self._by_column(names), *([self._by_row(names)] if self.few else []), self._as_text(names)]
        least = [console.measure(table, options=endless).minimum for table in tables]
        return tables[next((i for i, width in enumerate(least) if width <= console.width), np.argmin(least))]

    def _by_column(self, names: list[str]) -> Table:
        table = self._headed(self.heads)
        for name in names:
            table.add_column(name, justify="right", no_wrap=True)
        for cells, counts in self.rows:
            table.add_row(*cells, *(_count(counts, name) for name in names))
        return table

    def _by_row(self, names: list[str]) -> Table:
        table = self._headed([])
        table.add_column(self.heads[0], no_wrap=True)
        for cells, _ in self.rows:
            table.add_column(cells[0], justify="right")
        for k, head in enumerate(self.heads[1:], 1):
            table.add_row(head, *(cells[k] for cells, _ in self.rows), end_section=k == len(self.heads) - 1)
        for name in names:
            table.add_row(name, *(_count(counts, name) for _, counts in self.rows))
        return table

    def _as_text(self, names: list[str]) -> Table:
        table = self._headed([*self.heads, "classes"])
        for cells, counts in self.rows:
            table.add_row(*cells, ", ".join(f"{name} {counts[name]:,}" for name in names if counts.get(name)))
        return table

    def _headed(self, heads: Iterable[str]) -> Table:
        table = Table(title=self.title, title_justify="left")
        for head in heads:
            table.add_column(head)
        return table


def _count(counts: Mapping, name: str) -> str:
    return f"{counts[name]:,}" if name in counts else ""


def _split_rows(summary: Mapping) -> Iterable[tuple[list[str], Mapping]]:
    for split, counts in summary["splits"].items():
        name = "test (sealed)" if split == "test" else split
        yield [name, *_sizes(counts, "recordings", "patients", "rows")], counts["classes"]


def _fold_rows(summary: Mapping) -> Iterable[tuple[list[str], Mapping]]:
    for fold in summary["folds"]:
        yield [str(fold["fold"]), *_sizes(fold, "patients", "rows")], fold["classes"]


def _recording_rows(recordings: Sequence[Mapping]) -> Iterable[tuple[list[str], Mapping]]:
    for each in islice(recordings, _LISTED):
        fold = "" if each["fold"] is None else str(each["fold"])
        yield [escape(each["name"]), escape(each["patient"]), each["split"], fold], each["classes"]


def _more(entries: Sequence[Mapping], columns: int) -> Iterable[tuple[list[str], Mapping]]:
    """A last row that says how many entries are not shown."""
    if len(entries) > _LISTED:
        rest = f"[dim]and {len(entries) - _LISTED:,} more (--json has all)"
        yield [rest, *[""] * (columns - 1)], {}


def _left_out_rows(summary: Mapping, names: list[str]) -> Iterable[tuple[list[str], Mapping]]:
    entries = summary["left_out"]
    for each in islice(entries, _LISTED):
        yield [escape(each["what"]), escape(each["reason"])], each["classes"]
    yield from _more(entries, 2)
    sums = totals(summary)
    yield ["[bold]left out", ""], sums["left_out"] or dict.fromkeys(names, 0)
    yield ["[bold]left out and in the files", ""], sums["all"]


def _sizes(counts: Mapping, *names: str) -> list[str]:
    return [f"{counts[name]:,}" for name in names]
