"""What is in a dataset file, as one page without a network: counts, people, signals, and what is too little.

Counts of the sealed side come from the training file's summary; signals, ages and labels together are those
of training and validation. The sealed file is never opened.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise

import numpy as np

from data_utils.dataset import Dataset
from data_utils.layout import SPLITS, UNKNOWN, test_path
from data_utils.quality import UNITS
from data_utils.sample_size import ALIKE, HALF_WIDTH, size
from rarebeat.figures import Html, bars, ecg, heat, page, section, table
from rarebeat.show_dataset import warnings
from rarebeat.show_signals import beats_or_examples

_SIDES = ("train", "validation", "test (sealed)")
_DECADES = np.arange(0, 101, 10)
_LISTED = 200  # more would bury the rest of the page


def dataset_page(dataset: Dataset) -> str:
    """The page for an open training file."""
    parts = [
        f"<h1>{escape(dataset.path.name)}</h1>",
        *(f'<p class="warn">{escape(sentence)}</p>' for sentence in warnings(dataset)),
        _about(dataset),
        section("Classes", *_classes(dataset)),
        section("How sure a rare class can be", *_sizes(dataset)),
        section("Classes together", *_together(dataset)),
        section("People", *_people(dataset)),
        section("Leads and durations", *_recordings(dataset)),
        section(*beats_or_examples(dataset)),
        section("Left out", *_left_out(dataset.summary)),
    ]
    return page(f"{dataset.path.name}: what is in it", parts)


def _about(dataset: Dataset) -> str:
    facts = {
        "Source": f"{dataset.source} ({dataset.licence})",
        "Task": dataset.task,
        "Signal": f"{', '.join(dataset.leads)} at {dataset.rate:g} Hz, mV",
        "Covariates": ", ".join(dataset.covariates) or "none",
        "Test side": f"{test_path(dataset.path).name}, sealed: only rarebeat evaluate opens it",
        "Digest": dataset.digest,
    }
    return table("About", ["", ""], facts.items(), texts=2)


def _classes(dataset: Dataset) -> list[str]:
    splits = dataset.summary["splits"]
    names = list(dataset.classes)
    counts = {side: [splits[s]["classes"][n] for n in names] for side, s in zip(_SIDES, SPLITS, strict=True)}
    rows = [
        [name, long, *(Html(_count(splits[split], name)) for split in SPLITS)]
        for name, long in zip(names, dataset.class_names, strict=True)
    ]
    rows.append(["all rows", "", *(Html(_sum(splits[split])) for split in SPLITS)])
    rarest = min(names, key=lambda name: splits["train"]["classes"][name])
    described = f"The rarest in training is {rarest}, with {splits['train']['classes'][rarest]:,} examples."
    return [
        bars(names, counts, "Examples by class and side", described, "examples"),
        table("Examples (and patients who have them)", ["class", "", *_SIDES], rows, texts=2),
    ]


def _count(split: Mapping, name: str) -> str:
    return f'{split["classes"][name]:,} <span class="dim">({split["patients_with"][name]:,})</span>'


def _sum(split: Mapping) -> str:
    return f'{split["rows"]:,} <span class="dim">({split["patients"]:,})</span>'


def _sizes(dataset: Dataset) -> list[str]:
    sides = {"training and validation": SPLITS[:2], "test (sealed)": SPLITS[2:]}
    rows = []
    for name in dataset.classes:
        for side, splits in sides.items():
            found = size(list(_positives_of(dataset.summary, name, splits).values()))
            rows.append([name, side, found.positives, found.patients, f"{found.design_effect:.1f}",
                         f"±{found.half_width:.2f}", _or_unknown(found.needed_positives),
                         _or_unknown(found.needed_patients)])  # fmt: skip
    formula = (
        f"A recall or AUPRC of 0.5, known to ±{HALF_WIDTH} with 95% confidence, takes "
        f"n = 1.96² · 0.5 · 0.5 / {HALF_WIDTH}² · D positives. D = 1 + (m − 1) · {ALIKE} is the design "
        "effect of patients: m, the sum of squares of the patients' positives over their sum, is how many "
        f"the patient of a positive has, and {ALIKE} is how alike they are taken to be, which nobody knows "
        "before there is a model. The patients needed would bring n positives as those here do."
    )
    heads = [
        "class",
        "side",
        "positives",
        "patients",
        "D",
        "interval now",
        "positives needed",
        "patients needed",
    ]
    return [f"<p>{escape(formula)}</p>", table("What ±0.05 takes", heads, rows, texts=2)]


def _positives_of(summary: Mapping, name: str, splits: Sequence[str]) -> Counter[str]:
    """Positives of a class by patient."""
    found: Counter[str] = Counter()
    for recording in summary["recordings"]:
        if recording["split"] in splits:
            found[recording["patient"]] += recording["classes"][name]
    return found


def _or_unknown(value: int | None) -> object:
    return "unknown: none here" if value is None else value


def _together(dataset: Dataset) -> list[str]:
    if dataset.task == "multiclass":
        return ["<p>Each example is of exactly one class.</p>"]
    positive = (dataset.rows.target == 1).astype(np.int64)
    both = positive.T @ positive
    own = np.diag(both)
    shares = np.divide(both, own[:, None], out=np.full(both.shape, np.nan), where=own[:, None] > 0)
    words = [[f"{count:,}" if count else "" for count in row] for row in both.tolist()]
    np.fill_diagonal(shares, np.nan)
    of_none = int((~(dataset.rows.target == 1).any(axis=1)).sum())
    unknown = int((dataset.rows.target == UNKNOWN).sum())
    picture = heat(
        dataset.classes, dataset.classes, shares, words, "Classes together",
        "For each pair of classes, how many examples have both.", "of those with …", "… how many also have",
    )  # fmt: skip
    said = (
        "Examples of training and validation with both classes; darker is a larger share of the row. "
        f"{of_none:,} are of none of the classes, and {unknown:,} labels are unknown."
    )
    return [f"<p>{escape(said)}</p>", picture]


def _people(dataset: Dataset) -> list[str]:
    values = {name: _by_recording(dataset, name) for name in ("age", "female") if name in dataset.covariates}
    if not values:
        return ["<p>The file says neither age nor sex.</p>"]
    pictures = {"age": ("Age", _ages), "female": ("Sex", _sexes)}
    return [f"<h3>{pictures[name][0]}</h3>{pictures[name][1](column)}" for name, column in values.items()]


def _by_recording(dataset: Dataset, covariate: str) -> np.ndarray:
    """(R,) the covariate of each recording's first row; NaN where it has none."""
    column = dataset.rows.covariates[:, dataset.covariates.index(covariate)]
    recordings, first = np.unique(dataset.rows.recording, return_index=True)
    values = np.full(len(dataset.recordings.name), np.nan)
    values[recordings] = column[first]
    return values


def _ages(age: np.ndarray) -> str:
    known = age[np.isfinite(age)]
    counts = np.histogram(known.clip(0, 99.9), _DECADES)[0]
    labels = [f"{low} to {low + 9}" for low in _DECADES[:-2]] + ["90 and over", "unknown"]
    middle = f"The median age is {np.median(known):.0f} years." if len(known) else "No age is known."
    values = [*counts.tolist(), int((~np.isfinite(age)).sum())]
    return bars(
        labels, {"recordings": values}, "Age in years", middle, "recordings of training and validation"
    )


def _sexes(female: np.ndarray) -> str:
    counts = [int((female == 1).sum()), int((female == 0).sum()), int((~np.isfinite(female)).sum())]
    described = f"{counts[0]:,} recordings of women, {counts[1]:,} of men, {counts[2]:,} unknown."
    return bars(["women", "men", "unknown"], {"recordings": counts}, "Sex", described, "recordings")


def _recordings(dataset: Dataset) -> list[str]:
    seconds = dataset.recordings.length / dataset.rate
    said = (
        f"{len(seconds):,} recordings of training and validation, {seconds.sum() / 3600:,.1f} hours, of "
        f"{', '.join(dataset.leads)}."
    )
    if np.ptp(seconds) < 1 / dataset.rate:
        return [f"<p>{escape(said)} All last {seconds[0]:,.1f} s.</p>"]
    edges = np.histogram_bin_edges(seconds, min(12, len(np.unique(seconds))))
    counts = np.histogram(seconds, edges)[0].tolist()
    labels = [f"{low:,.0f} to {high:,.0f} s" for low, high in pairwise(edges)]
    described = f"From {seconds.min():,.1f} to {seconds.max():,.1f} s, median {np.median(seconds):,.1f} s."
    return [
        f"<p>{escape(said)} {escape(described)}</p>",
        bars(labels, {"recordings": counts}, "Durations", described, "recordings"),
    ]


def _left_out(summary: Mapping) -> list[str]:
    entries = summary["left_out"]
    if not entries:
        return ["<p>Nothing of the source is left out.</p>"]
    recordings = sum(each["recordings"] for each in entries)
    said = f"{recordings:,} recordings, and what else is of the source but in neither file."
    if len(entries) > _LISTED:
        said += f" The first {_LISTED} of {len(entries):,} entries; rarebeat data show --json lists them all."
    rows = [
        [each["what"], each["reason"], each["recordings"], _listed(each["classes"])]
        for each in entries[:_LISTED]
    ]
    heads = ["what", "why", "recordings", "would have counted"]
    return [
        f"<p>{escape(said)}</p>",
        table("Left out", heads, rows, texts=2),
        *_rejected(entries),
        *_strips(entries),
    ]


def _rejected(entries: Sequence[Mapping]) -> list[str]:
    """Every lead that quality control found outside a limit."""
    # A file of before quality control was kept lead by lead has no failures.
    rows = [
        [each["what"], one["measure"], one["lead"], *_against_limit(one)]
        for each in entries
        for one in each.get("failures", ())
    ]
    if not rows:
        return []
    first = f" (the first {_LISTED} of {len(rows):,})" if len(rows) > _LISTED else ""
    heads = ["recording", "measure", "lead", "value", "limit"]
    return [table(f"Quality control, lead by lead{first}", heads, rows[:_LISTED], texts=3)]


def _strips(entries: Sequence[Mapping]) -> list[str]:
    """Pictures of the recordings of which the file keeps a strip."""
    body = []
    for each in entries:
        if strip := each.get("strip"):
            mv = np.array([[np.nan if value is None else value] for value in strip["signal"]], float)
            title = f"{each['what']}, {strip['lead']}"
            body += [f"<h3>{escape(title)}</h3>", f'<p class="dim">{escape(each["reason"])}</p>']
            body.append(ecg(mv, strip["rate"], [strip["lead"]], title, f"Rejected: {each['reason']}"))
    return body


def _against_limit(failure: Mapping) -> tuple[str, str]:
    unit = f" {UNITS[failure['measure']]}" if failure["measure"] in UNITS else ""
    bound = "at least" if failure["value"] < failure["limit"] else "at most"
    return f"{failure['value']:.3g}{unit}", f"{bound} {failure['limit']:g}{unit}"


def _listed(classes: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in classes.items() if count)
