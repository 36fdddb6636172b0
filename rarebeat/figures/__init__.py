"""Pictures for pages, as inline SVG: no script, no network, light and dark, titled and described."""

from rarebeat.figures.bars import bars
from rarebeat.figures.dots import Dot, dots
from rarebeat.figures.ecg import ecg
from rarebeat.figures.heat import heat
from rarebeat.figures.lines import Line, lines
from rarebeat.figures.page import Html, page, section, table
from rarebeat.figures.parallel import parallel

__all__ = [
    "Dot",
    "Html",
    "Line",
    "bars",
    "dots",
    "ecg",
    "heat",
    "lines",
    "page",
    "parallel",
    "section",
    "table",
]
