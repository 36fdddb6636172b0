"""What the classes of a dataset look like: beats laid over each other, or a recording of each class."""

from __future__ import annotations

from html import escape

import numpy as np

from data_utils.dataset import Dataset
from data_utils.layout import SPLITS
from rarebeat.figures import Line, ecg, lines

_BEFORE, _AFTER = 0.3, 0.5  # s around a beat
_BEATS_OF_A_PATIENT = 200
_SECONDS = 10.0


def beats_or_examples(dataset: Dataset) -> tuple[str, ...]:
    """A heading, and markup to go below it; all from the training side."""
    if (dataset.rows.anchor >= 0).all():
        return ("Beats", *_beats(dataset))
    return ("Examples", *_examples(dataset))


def _training(dataset: Dataset, place: int) -> np.ndarray:
    """(n,) rows of the training side that have the class."""
    rows = dataset.rows
    return np.flatnonzero((rows.split == SPLITS.index("train")) & (rows.target[:, place] == 1))


def _beats(dataset: Dataset) -> list[str]:
    said = (
        "Mean of the training beats of each class around their mark, and the band that holds the middle 80% "
        f"of them; at most {_BEATS_OF_A_PATIENT} of each patient, evenly taken."
    )
    body = [f"<p>{said}</p>", '<div class="row">']
    for place, name in enumerate(dataset.classes):
        rows = _spread(dataset, _training(dataset, place))
        if not len(rows):
            body.append(f"<p>No training beat is {escape(name)}.</p>")
        for lead in range(len(dataset.leads)) if len(rows) else ():
            body.append(_mean_beat(dataset, name, rows, lead))
    return [*body, "</div>"]


def _spread(dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    """Some of every patient's rows, evenly taken."""
    groups = dataset.groups[rows]
    chosen = []
    for group in np.unique(groups):
        own = rows[groups == group]
        chosen.append(own[np.unique(np.linspace(0, len(own) - 1, _BEATS_OF_A_PATIENT).astype(int))])
    return np.concatenate(chosen) if chosen else rows


def _mean_beat(dataset: Dataset, name: str, rows: np.ndarray, lead: int) -> str:
    beats = _around(dataset, rows, lead)
    time = np.arange(beats.shape[1]) / dataset.rate - _BEFORE
    low, high = np.nanpercentile(beats, (10, 90), axis=0)
    mean = np.nanmean(beats, axis=0)
    patients = len(set(dataset.groups[rows].tolist()))
    title = f"{name}, {dataset.leads[lead]}: {len(beats):,} beats of {patients} patients"
    described = f"The mean beat goes from {mean.min():.2f} to {mean.max():.2f} mV."
    drawn = [Line(name, time, mean, low, high)]
    picture = lines(drawn, title, described, "s from the mark", "mV", size=(340, 240))
    return f"<div><h3>{escape(title)}</h3>{picture}</div>"


def _around(dataset: Dataset, rows: np.ndarray, lead: int) -> np.ndarray:
    """(n, T) mV of beats that lie wholly within their recordings, or of all, with NaN outside."""
    recording = dataset.rows.recording[rows]
    anchor, length = dataset.rows.anchor[rows, None], dataset.recordings.length[recording, None]
    around = np.arange(-round(_BEFORE * dataset.rate), round(_AFTER * dataset.rate))
    within = (anchor + around >= 0) & (anchor + around < length)
    where = dataset.recordings.first[recording, None] + np.clip(anchor + around, 0, length - 1)
    beats = np.where(within, np.asarray(dataset.samples[:, lead])[where].astype(float), np.nan)
    whole = np.isfinite(beats).all(axis=1)
    return beats[whole] if whole.any() else np.nan_to_num(beats)


def _examples(dataset: Dataset) -> list[str]:
    body = [
        "<p>The first training example of each class, 25 mm/s and 10 mm/mV where the page is wide enough.</p>"
    ]
    shown: set[int] = set()
    for place, name in enumerate(dataset.classes):
        rows = _training(dataset, place)
        if not len(rows):
            body.append(f"<h3>{escape(name)}</h3><p>No training example is of this class.</p>")
            continue
        fresh = [row for row in rows.tolist() if row not in shown]
        row = (fresh or rows.tolist())[0]
        shown.add(row)
        body.append(_example(dataset, place, row))
    return body


def _example(dataset: Dataset, place: int, row: int) -> str:
    rows, recordings = dataset.rows, dataset.recordings
    recording = rows.recording[row]
    begin = int(recordings.first[recording] + rows.start[row])
    end = begin + min(int(rows.length[row]), round(_SECONDS * dataset.rate))
    others = [n for n, t in zip(dataset.classes, rows.target[row], strict=True) if t == 1]
    title = f"{dataset.classes[place]} ({dataset.class_names[place]}): recording {recordings.name[recording]}"
    described = (
        f"Labelled {', '.join(others)}; {(end - begin) / dataset.rate:.1f} s of {', '.join(dataset.leads)}."
    )
    signal = np.asarray(dataset.samples[begin:end], float)
    picture = ecg(signal, dataset.rate, dataset.leads, title, described)
    return f'<h3>{escape(title)}</h3><p class="dim">{escape(described)}</p>{picture}'
