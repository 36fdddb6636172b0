"""Pictures for pages, as inline SVG: no script, no network, light and dark, titled and described."""

from rarebeat.figures.bars import bars
from rarebeat.figures.best_so_far import best_so_far
from rarebeat.figures.columns import columns
from rarebeat.figures.dots import Dot, dots
from rarebeat.figures.ecg import ecg
from rarebeat.figures.heat import heat
from rarebeat.figures.lines import Line, lines
from rarebeat.figures.page import Html, page, section, table
from rarebeat.figures.parallel import parallel
from rarebeat.figures.scatter import scatter

__all__ = [
    "Dot",
    "Html",
    "Line",
    "bars",
    "best_so_far",
    "columns",
    "dots",
    "ecg",
    "heat",
    "lines",
    "page",
    "parallel",
    "scatter",
    "section",
    "table",
]
