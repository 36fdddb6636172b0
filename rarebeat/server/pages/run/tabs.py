"""The parts of a run's page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rarebeat.server.pages.run.artifacts import artifacts
from rarebeat.server.pages.run.charts import charts
from rarebeat.server.pages.run.console import console
from rarebeat.server.pages.run.files import files
from rarebeat.server.pages.run.opened import Opened
from rarebeat.server.pages.run.overview import overview
from rarebeat.server.pages.run.results import results


@dataclass(frozen=True)
class Tab:
    """A part of the page: its name in the address, what it is called, and what makes it."""

    name: str
    words: str
    body: Callable[[Opened], tuple[str, ...]]
    introduced: bool = False  # whether what the run is stands above it


SHOWN = (
    Tab("workspace", "Charts", charts, introduced=True),
    Tab("results", "Plots & tables", results),
    Tab("overview", "Overview", overview),
    Tab("logs", "Console", console),
    Tab("files", "Files", files),
    Tab("artifacts", "Artifacts", artifacts),
)
TABS = {tab.name: tab for tab in SHOWN}
