"""Missing samples, which filters and spectra cannot take."""

from __future__ import annotations

import numpy as np


def bridged(lead: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A lead with straight lines over its gaps, level at the ends, and which of its samples are known.

    Args:
        lead: (S,), not finite where missing; a lead without any known sample becomes 0.
    Returns:
        (S,) float64 and (S,) bool.
    """
    lead = np.asarray(lead, np.float64)
    known = np.isfinite(lead)
    if known.all():
        return lead, known
    if not known.any():
        return np.zeros_like(lead), known
    return np.interp(np.arange(len(lead)), np.flatnonzero(known), lead[known]), known
