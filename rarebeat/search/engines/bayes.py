"""What `method: bayes` means here: W&B's schema knows no other name for a search that learns."""

from __future__ import annotations

from rarebeat.search.engines.tpe import suggest

__all__ = ["suggest"]
