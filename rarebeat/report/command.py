"""`rarebeat report`: a sweep as one page that needs no network."""

from __future__ import annotations

from html import escape
from pathlib import Path

import click

from rarebeat.backend import connect
from rarebeat.figures import page
from rarebeat.report.best_pages import best_run
from rarebeat.report.evidence import Evidence, gather
from rarebeat.report.sweep_pages import matters, question, reproduce, runs, what_each_got
from rarebeat.write_page import check_page, write_page

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.argument("path")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), required=True, help="The page, such as report.html."
)
@click.option("--data", type=_FILE, help="The training file, to draw the worst missed beats from.")
@click.option("--yaml", "source", type=_FILE, help="The sweep's file, whose first comments are the question.")
def report(path: str, out: Path, data: Path | None, source: Path | None) -> None:
    """Write a sweep as one page: question, runs, what mattered, and what the best is worth for each class.

    PATH is ENTITY/PROJECT/SWEEP, PROJECT/SWEEP, the sweep's web address, or its id alone.
    """
    check_page(out)
    evidence = gather(connect(), path, source, data)
    document = report_page(evidence)
    write_page(out, document)
    click.echo(f"{out}: {len(evidence.ranking.ranked)} lines, {len(document.encode()) / 1000:.0f} kB.")


def report_page(evidence: Evidence) -> str:
    """The whole document."""
    sweep = evidence.ranking.runs
    name = str(evidence.config.get("name") or sweep.path)
    parts = [
        f"<h1>{escape(name)}</h1>",
        f'<p class="dim">{escape(sweep.path)}</p>',
        question(evidence),
        runs(evidence),
        matters(evidence),
        what_each_got(evidence),
        *best_run(evidence),
        reproduce(evidence),
    ]
    return page(f"{name}: report", parts)
