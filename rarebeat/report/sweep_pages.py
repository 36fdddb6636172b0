"""The part of a report that is of all runs: question, ranking, what mattered, and what each choice got."""

from __future__ import annotations

import shlex
from html import escape

import numpy as np

from rarebeat.figures import Dot, Html, dots, parallel, section, table
from rarebeat.leaderboard import columns, title
from rarebeat.ranking import notices
from rarebeat.report.effects import Drawn, Effect, choices, draw_patients, effects
from rarebeat.report.evidence import Evidence, as_yaml, settings
from rarebeat.search.importance import FEWEST_RUNS, Importance, importance

# More axes than a page is wide; the most important are kept.
AXES = 7


def paragraph(words: str, kind: str = "") -> str:
    """A paragraph of plain words."""
    return f'<p class="{kind}">{escape(words)}</p>' if kind else f"<p>{escape(words)}</p>"


def question(evidence: Evidence) -> str:
    """What was asked, what qualifies every number, and the answer in short."""
    ranking, doubts = evidence.ranking, evidence.doubts
    asked = [paragraph(line) for line in evidence.question.splitlines() if line.strip()]
    first = ranking.ranked[0]
    found = doubts.runs.get(first.id)
    sure = f" (95 % interval by patient {found.low:.3f} to {found.high:.3f})" if found else ""
    answer = f"First is run {first.id} with {ranking.metric} {ranking.value(first):.4f}{sure}."
    said = [
        paragraph(notice, "warn" if notice.split(" ")[0].isupper() else "") for notice in notices(ranking)
    ]
    said += [paragraph(line, "warn" if line.startswith("TOO FEW") else "") for line in doubts.notices()]
    none = "Neither a description nor the sweep's file says what it asks."
    return section("Question", *(asked or [paragraph(none, "dim")]), paragraph(answer), *said)


def runs(evidence: Evidence) -> str:
    """The leaderboard."""
    shown = columns(evidence.ranking, evidence.doubts)
    # The place is the row's name; the run's id and all others follow it.
    heads = [column.heading or "place" for column in shown]
    rows = zip(*(column.cells for column in shown), strict=True)
    others = ", ".join(f"{count} {state}" for state, count in evidence.ranking.others.items())
    left_out = [paragraph(f"Not ranked: {others}.", "dim")] if others else []
    return section("Runs", table(title(evidence.ranking), heads, rows, texts=2), *left_out)


def matters(evidence: Evidence) -> str:
    """Importance of hyperparameters, and every run as a line through its settings."""
    ranking = evidence.ranking
    values = settings(ranking.ranked, ranking)
    if not values:
        return section("What mattered", paragraph("The runs do not differ in any hyperparameter."))
    value = [ranking.value(entry) for entry in ranking.ranked]
    found = importance(values, value)
    order = found.names if found else tuple(values)
    axes = {name: values[name] for name in order[:AXES]}
    why = ", as least important" if found else ""
    left_out = f" Left out{why}: {', '.join(order[AXES:])}." if order[AXES:] else ""
    said = f"Each line is a run; orange has the largest {ranking.metric}, blue the smallest.{left_out}"
    described = (
        f"{len(value)} runs over {', '.join(axes)}; {ranking.metric} from {min(value):.3f} to "
        f"{max(value):.3f}."
    )
    return section(
        "What mattered",
        *_importance(found, len(value)),
        paragraph(said),
        f'<div class="wide">{parallel(axes, value, ranking.metric, "Parallel coordinates", described)}</div>',
    )


def _importance(found: Importance | None, count: int) -> list[str]:
    if found is None:
        return [
            paragraph(
                f"{count} different runs are too few, or too alike, to say which hyperparameter "
                f"matters: it takes "
                f"{FEWEST_RUNS}."
            )
        ]
    explained, low, high = found.explained
    said = (
        "How much of the variance of the objective over runs is lost when a hyperparameter's values are "
        "shuffled, by "
        "random forests on draws of the runs, with the middle 90 % of draws. Together they predict "
        f"{explained:.0%} ({low:.0%} to {high:.0%}) of the variance over runs they have not seen."
    )
    doubtful = "That is not reliably more than nothing: take the order below for a guess." if low <= 0 else ""
    each = [Dot(*one) for one in zip(found.mean, found.low, found.high, strict=True)]
    described = f"The most important is {found.names[0]}, at {found.mean[0]:.2f}."
    picture = dots(found.names, {"importance": each}, "Importance", described, "share of variance lost")
    return [paragraph(said), *([paragraph(doubtful, "warn")] if doubtful else []), picture]


def what_each_got(evidence: Evidence) -> str:
    """AUPRC by class of the runs with each value of each choice of words."""
    runs = [run for entry in evidence.ranking.ranked for run in entry.members or (entry,)]
    names = choices(settings(runs, evidence.ranking))
    heading = "What each choice got"
    if not names:
        return section(heading, paragraph("Loss, sampler and architecture are the same in all runs."))
    drawn = _drawn(evidence)
    if not drawn:
        return section(heading, paragraph("No two runs have predictions of the same split."))
    said = (
        "Mean AUPRC of the runs with each value, class by class, in the way of the objective. The 95 % "
        "intervals hold "
        "patients and runs, both drawn again. The other hyperparameters of these runs differ too, and a "
        "search that "
        "learns tries a good value beside other good ones: where intervals overlap, or runs are few, "
        "ask again with "
        "a grid."
    )
    classes = evidence.predictions[evidence.best.id].classes
    parts = [_choice(name, effects(runs, name, drawn, classes), classes) for name in names]
    return section(heading, paragraph(said), *parts)


def _drawn(evidence: Evidence) -> dict[str, Drawn]:
    """The runs on the best run's split, measured."""
    if evidence.best is None:
        return {}
    split = evidence.predictions[evidence.best.id].split_digest
    runs = {run.id: run for entry in evidence.ranking.ranked for run in entry.members or (entry,)}
    same = {key: one for key, one in evidence.predictions.items() if one.split_digest == split}
    return {key: draw_patients(one, runs[key].config["link"]) for key, one in same.items()}


def _choice(name: str, found: list[Effect], classes: tuple[str, ...]) -> str:
    rows = [[each.value, each.runs, *(_cell(each.classes[c]) for c in classes)] for each in found]
    series = {each.value: [Dot(*each.classes[c]) for c in classes] for each in found}
    caption = f"AUPRC by {name}"
    told = [c for c in classes if all(np.isfinite(each.classes[c][0]) for each in found)]
    described = "; ".join(
        f"{c}: " + ", ".join(f"{each.value} {each.classes[c][0]:.2f}" for each in found) for c in told
    )
    return (
        f"<h3>{escape(name)}</h3>"
        + dots(classes, series, caption, described, "AUPRC")
        + table(caption, [name, "runs", *classes], rows)
    )


def _cell(value: tuple[float, float, float]) -> Html | str:
    middle, low, high = value
    if not np.isfinite(middle):
        return "–"
    return interval_cell(middle, (low, high) if np.isfinite(low) else None)


def interval_cell(value: float | None, limits: tuple[float, float] | None) -> Html | str:
    """A value and its interval as a cell."""
    if value is None:
        return "–"
    between = f' <span class="dim">{limits[0]:.2f}–{limits[1]:.2f}</span>' if limits else ""
    return Html(f"{value:.3f}{between}")


def reproduce(evidence: Evidence) -> str:
    """The commands, the versions, the data and the YAML that make it all again."""
    runs, card = evidence.ranking.runs, evidence.card or {}
    first = evidence.ranking.ranked[0]
    path = shlex.quote(runs.path)
    commands = [
        f"rarebeat leaderboard {path}",
        f"rarebeat best {path} -o runs/best",
        "wandb sweep sweep.yaml  # the configuration below, to run it all again",
    ]
    facts = {
        "Sweep": runs.path,
        "Address": runs.url,
        "State": runs.state,
        "Data": first.dataset.get("file", "unknown"),
        "Digest of the data": first.dataset.get("digest", "unknown"),
        "Patients in validation": evidence.doubts.patients or "unknown",
        "Versions": ", ".join(f"{k} {v}" for k, v in card.get("versions", {}).items()) or "unknown",
    }
    return section(
        "To do it again",
        table("Where it comes from", ["", ""], facts.items(), texts=2),
        f"<pre>{escape(chr(10).join(commands))}</pre>",
        "<h3>sweep.yaml</h3>",
        f"<pre>{escape(as_yaml(evidence.config))}</pre>",
    )
