"""RR intervals of beats as covariates: how early a beat comes and how long the pause after it is.

Seven numbers, after de Chazal, O'Dwyer and Reilly 2004, Automatic classification of heartbeats using ECG
morphology and heartbeat interval features, IEEE Trans Biomed Eng 51:1196, with ratios so that they mean the
same at any heart rate. The local rhythm is the median of the ten intervals before the beat's own, so it
knows no future; the interval after the beat and the record's median do.
"""

from __future__ import annotations

import numpy as np

RR_COVARIATES = (
    "rr_pre",  # s
    "rr_post",  # s
    "rr_pre_local",  # pre / local median
    "rr_post_local",
    "rr_pre_record",  # pre / record median
    "rr_post_record",
    "rr_local_record",  # local median / record median
)
LOCAL_BEATS = 10
# Seconds. Where nobody could annotate beats, as in ventricular flutter, the next one is up to 100 s away:
# a few such gaps would be all that the mean and deviation over a data set are made of.
LONGEST = 3.0


def rr_covariates(beats: np.ndarray, rate: float) -> np.ndarray:
    """Covariates of every beat of a recording, in the order of `RR_COVARIATES`.

    What a beat at either end lacks is filled with the record's median interval. More than 3 s count as
    3 s.

    Args:
        beats: (n,) samples of all beats, whatever their class, ascending.
        rate: Hz.
    Returns:
        (n, 7) float32: seconds and ratios. A recording with fewer than two beats has no interval: NaN.
    """
    if len(beats) < 2:
        return np.full((len(beats), len(RR_COVARIATES)), np.nan, np.float32)
    intervals = np.minimum(np.diff(beats) / rate, LONGEST)
    record = max(float(np.median(intervals)), 1 / rate)
    pre = np.concatenate([[record], intervals])
    post = np.concatenate([intervals, [record]])
    local = _local_median(pre, record)
    columns = (pre, post, pre / local, post / local, pre / record, post / record, local / record)
    return np.stack(columns, axis=1).astype(np.float32)


def _local_median(pre: np.ndarray, record: float) -> np.ndarray:
    """(n,) median of the up to ten real intervals that end at or before the previous beat."""
    # Position 0 of `pre` is a filling, not an interval: it is unknown here.
    padded = np.concatenate([np.full(LOCAL_BEATS, np.nan), [np.nan], pre[1:-1]])[: len(pre) + LOCAL_BEATS - 1]
    windows = np.lib.stride_tricks.sliding_window_view(padded, LOCAL_BEATS)  # (n, 10)
    local = np.full(len(pre), record)
    known = ~np.isnan(windows).all(axis=1)
    local[known] = np.nanmedian(windows[known], axis=1)
    # Two annotations on one sample would divide by zero.
    return np.maximum(local, record / 10)
