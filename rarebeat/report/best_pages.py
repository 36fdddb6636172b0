"""The part of a report that is of the best run: thresholds, curves, confusion, calibration and misses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

import numpy as np

from rarebeat.figures import Line, ecg, heat, lines, section, table
from rarebeat.report.evidence import Evidence
from rarebeat.report.missed import Missed, excerpt, worst_missed
from rarebeat.report.strategies import F1, Judged, judge
from rarebeat.report.sweep_pages import interval_cell, paragraph
from rarebeat.tables import score
from training.calibration import reliability
from training.curves import curve_points
from training.metrics.overall import confusion_table
from training.predictions import Predictions

# Colours of one picture.
TOGETHER = 8
OVERALL = {
    "macro_f1": "macro F1",
    "weighted_f1": "weighted F1",
    "exact_match": "exact match",
    "hamming": "Hamming loss",
}
MEASURES = {"f1": "F1", "sensitivity": "recall", "precision": "precision"}
_FULL = {"precision": "ppv"}


def best_run(evidence: Evidence) -> list[str]:
    """All sections of it; one that says so where no run has predictions."""
    run = evidence.best
    if run is None:
        return [
            section("The best run", paragraph("No run has logged predictions, so no more can be said of it."))
        ]
    predictions = evidence.predictions[run.id]
    judged = judge(predictions, run.config["link"], evidence.task, run.config, evidence.shift)
    first = evidence.ranking.ranked[0]
    same = run.id in {first.id, *(member.id for member in first.members)}
    which = (
        f"Run {run.id}"
        + ("" if same else ", the best that has predictions")
        + ", on its validation patients."
    )
    return [
        section(
            "The best run, each class at four thresholds", paragraph(which), *_strategies(judged, predictions)
        ),
        section("Precision, recall and ROC", *_curves(predictions, judged[F1].ranked)),
        section("Confusion", *_confusion(predictions, judged, evidence.task)),
        section("Calibration", *_calibration(predictions, judged[F1])),
        section("Worst missed", *_missed(evidence, predictions, judged[F1])),
    ]


def _strategies(judged: dict[str, Judged], predictions: Predictions) -> Iterator[str]:
    yield paragraph(
        "Thresholds and calibration of each patient are fitted on the other patients. Beside each value is "
        "its 95 % interval by patient, where at least three have the class. The run and its epochs were "
        "chosen on these same patients, so all of it is somewhat better than on others. A floor of recall "
        "is what thresholds aim at on the other patients: these may fall short of it, the more so where "
        "classes compete for a row."
    )
    for measure, words in MEASURES.items():
        rows = [
            [name, *(_measured(each, measure, name, k) for each in judged.values())]
            for k, name in enumerate(predictions.classes)
        ]
        yield table(words, ["class", *judged], rows)
    rows = [
        [words, *(score(each.full.overall.get(key)) for each in judged.values())]
        for key, words in OVERALL.items()
    ]
    yield table("All classes together", ["", *judged], rows)


def _measured(each: Judged, measure: str, name: str, place: int) -> object:
    value = each.full.classes[name].get(_FULL.get(measure, measure))
    return interval_cell(value, each.intervals[measure][place])


def _of_class(predictions: Predictions, p: np.ndarray) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Name, truth (m,) and probability (m,) of classes with positives and negatives, rarest first."""
    found = []
    for k, name in enumerate(predictions.classes):
        known = predictions.target[:, k] != 255
        truth = predictions.target[known, k] == 1
        if truth.any() and not truth.all():
            found.append((name, truth, p[known, k]))
    return sorted(found, key=lambda one: one[1].sum())


def _few(found: list, size: int) -> Iterator[list]:
    """As many at a time as have colours of their own."""
    return (found[begin : begin + size] for begin in range(0, len(found), size))


def _curves(predictions: Predictions, p: np.ndarray) -> Iterator[str]:
    yield paragraph(
        "Validation rows pooled, rarest classes first; probabilities by the rule that the model keeps."
    )
    for few in _few(_of_class(predictions, p), TOGETHER):
        points = [(name, *curve_points(truth, own)) for name, truth, own in few]
        recalls = [Line(name, recall, precision) for name, recall, precision, _ in points]
        rates = [Line(name, fpr, recall) for name, recall, _, fpr in points]
        named = ", ".join(name for name, *_ in few)
        yield '<div class="row">' + _square(recalls, "Precision and recall", named, "recall", "precision")
        yield _square(rates, "ROC", named, "false positive rate", "recall") + "</div>"


def _square(drawn: Sequence[Line], title: str, named: str, x: str, y: str) -> str:
    return lines(drawn, title, f"{title} of {named}.", x, y, size=(480, 400), y_range=(0.0, 1.0))


def _confusion(predictions: Predictions, judged: dict[str, Judged], task: str) -> list[str]:
    if task == "multilabel":
        return [_counts(predictions, each, name) for name, each in judged.items()]
    names, body = predictions.classes, ['<div class="row">']
    for name, each in judged.items():
        counts = confusion_table(predictions.target, each.decisions)
        total = counts.sum(axis=1, keepdims=True)
        shares = np.divide(counts, total, out=np.full(counts.shape, np.nan), where=total > 0)
        words = [[f"{int(count):,}" if count else "" for count in row] for row in counts]
        described = "; ".join(f"{c}: {shares[k, k]:.0%} right" for k, c in enumerate(names) if total[k])
        picture = heat(names, names, shares, words, f"Confusion at {name}", described, "is", "decided as")
        body.append(f"<div><h3>At {escape(name)}</h3>{picture}</div>")
    return [
        paragraph("Rows that are of each class, and what they were decided as; darker is more of the row."),
        *body,
        "</div>",
    ]


def _counts(predictions: Predictions, each: Judged, name: str) -> str:
    target, decided = predictions.target, each.decisions
    pairs = [
        (target == 1) & decided,
        (target == 1) & ~decided,
        (target == 0) & decided,
        (target == 0) & ~decided,
    ]
    rows = zip(predictions.classes, *(pair.sum(axis=0).tolist() for pair in pairs), strict=True)
    return table(f"At {name}", ["class", "found", "missed", "false alarms", "rightly not called"], rows)


def _calibration(predictions: Predictions, each: Judged) -> Iterator[str]:
    yield paragraph(
        "Mean probability and share of true ones, in fifteen bins of as many rows each; on the diagonal "
        "a probability "
        "means what it says."
    )
    diagonal = Line("ideal", np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    for few in _few(_of_class(predictions, each.probabilities), TOGETHER - 1):
        drawn = [Line(name, *reliability(truth, p)[:2]) for name, truth, p in few]
        named = ", ".join(one.name for one in drawn)
        yield _square([*drawn, diagonal], "Calibration", named, "mean probability", "share of true ones")
    rows = [
        [
            name,
            score(values.get("calibration_error")),
            score(values.get("brier")),
            score(values.get("prevalence")),
        ]
        for name, values in each.full.classes.items()
    ]
    yield table("Calibration", ["class", "calibration error", "Brier", "prevalence"], rows)


def _missed(evidence: Evidence, predictions: Predictions, each: Judged) -> Iterator[str]:
    if evidence.dataset is None:
        yield paragraph("Not drawn: rarebeat report was not given the training file (--data).")
        return
    yield paragraph(
        f"Of each class but the most frequent, those that run missed at {F1} with the least "
        f"probability, of different "
        "patients where there are several. An arrow points to the beat; the small waves before each row "
        "are 1 mV and 0.2 s."
    )
    at = each.probabilities, each.decisions
    for name, found in worst_missed(predictions, *at).items():
        yield f"<h3>{escape(name)}</h3>" + ("" if found else paragraph("None was missed."))
        yield '<div class="row">' + "".join(_drawn(evidence, one) for one in found) + "</div>"


def _drawn(evidence: Evidence, one: Missed) -> str:
    data = evidence.dataset
    signal, where, place = excerpt(data, one.row)
    instead = f"decided as {', '.join(one.called)}" if one.called else "decided as nothing"
    said = f"{one.truth}, {instead}, probability {one.probability:.2g}; patient {one.patient}, {place}"
    # Where the recorder's zero lay says nothing, and would push the trace out of its row.
    signal = signal - np.ma.median(np.ma.masked_invalid(signal), axis=0).filled(0)
    picture = ecg(signal, data.rate, data.leads, f"Missed {one.truth}", said, where)
    return f'<figure><figcaption class="dim">{escape(said)}</figcaption>{picture}</figure>'
