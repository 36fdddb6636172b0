"""Pictures for pages, as inline SVG: no script, no network, light and dark, titled and described."""

from rarebeat.figures.bars import bars
from rarebeat.figures.ecg import ecg
from rarebeat.figures.heat import heat
from rarebeat.figures.lines import Line, lines
from rarebeat.figures.page import Html, page, section, table

__all__ = ["Html", "Line", "bars", "ecg", "heat", "lines", "page", "section", "table"]
