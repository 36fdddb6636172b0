"""The next run of any W&B sweep: it knows nothing of what the runs train."""

from rarebeat.search.errors import SpaceError
from rarebeat.search.runs import Run
from rarebeat.search.schema import problems, validate
from rarebeat.search.space import Space, parse_space
from rarebeat.search.suggest import suggest

__all__ = ["Run", "Space", "SpaceError", "parse_space", "problems", "suggest", "validate"]
