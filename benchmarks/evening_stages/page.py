"""The evening as a page: what it took, what it found, and how sure that is."""

from __future__ import annotations

import statistics
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evening_stages.kept import Stage

SHOWN = 8
WIDTH = 140
COMMAND = "ECG_DATA=FOLDER python benchmarks/evening.py --out FOLDER"


def page(stages: Mapping[str, Stage], short: Mapping[str, Any], options: str) -> str:
    """The whole page in Markdown.

    Args:
        short: hyperparameters that the sweeps' own were replaced by.
        options: of the command line, those that change what is run.
    """
    settings = ", ".join(f"`{name}: {value}`" for name, value in short.items())
    parts = [
        "# An evening on two cores",
        f"```\n{COMMAND}{options} --write docs/evening.md\n```",
        "Written by that command, which runs nothing but `rarebeat`'s own commands on MIT-BIH's DS1. DS2 is "
        "not opened: 17 patients are searched on, by patient folds, and five, records 114, 124, 205, 207 and "
        f"220, are kept apart for the last step. Runs are short ({settings}), so the numbers say how far an "
        "evening gets and not how far the network does. `±` is a standard deviation and brackets are 95 % "
        "intervals by patient.",
        "## What it took",
        cost(stages),
        "## Noise floor",
        noise(stages["noise floor"].found),
        "## Focal search",
        search(stages["focal search"].found, stages["noise floor"].found),
        "## Confirmed",
        confirmed(stages["confirm"].found),
        "## Ensemble",
        ensemble(stages["ensemble"].found),
        "## On the five patients kept apart",
        evaluated(stages["evaluate"].found),
        "## Does resampling help the rare classes?",
        resampling(stages["resampling compared"].found),
        "## What the evening taught",
        "\n".join(f"- {sentence}" for sentence in lessons(stages)),
    ]
    return "\n\n".join(map(_wrapped, "\n\n".join(parts).split("\n\n"))) + "\n"


def _wrapped(paragraph: str) -> str:
    """Text within the width of the docs; tables, headings and commands as they are."""
    if paragraph.startswith(("|", "#", "```")):
        return paragraph
    lines = paragraph.splitlines() if paragraph.startswith("- ") else [paragraph]
    indent = "  " if paragraph.startswith("- ") else ""
    how = {"break_long_words": False, "break_on_hyphens": False, "subsequent_indent": indent}
    return "\n".join(textwrap.fill(line, WIDTH, **how) for line in lines)


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Markdown's table."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def limits(interval: Sequence[float] | None, signed: bool = False) -> str:
    """An interval in brackets."""
    if interval is None:
        return "–"
    low, high = (f"{value:+.3f}" if signed else f"{value:.3f}" for value in interval)
    return f"[{low}, {high}]"


def cost(stages: Mapping[str, Stage]) -> str:
    """Wall and processor time of each stage; runs where it trains."""
    rows = [
        [
            name,
            _runs(stage),
            f"{stage.calls}",
            _minutes(stage.wall),
            _minutes(stage.processor),
            f"{stage.load:.0f}",
        ]
        for name, stage in stages.items()
    ]
    wall, processor = (sum(getattr(s, what) for s in stages.values()) for what in ("wall", "processor"))
    rows.append(["all", "", "", _minutes(wall), _minutes(processor), ""])
    return (
        table(["stage", "runs", "calls", "wall, min", "processor, min", "load"], rows)
        + "\n\nTwo agents at `nice 10`. The load is how many programs wanted the two cores in the stage's "
        "last quarter of an hour; where it is above two the wall time says more of them than of us. A stage "
        "with several calls was interrupted and went on."
    )


def _runs(stage: Stage) -> str:
    found = stage.found
    if isinstance(found, dict) and "objectives" in found:
        return str(len(found["objectives"]))
    return ""


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f}"


def noise(found: Mapping[str, Any]) -> str:
    values, (line, *_) = list(found["objectives"].values()), found["leaderboard"]["runs"]
    return (
        f"One configuration at {len(values)} seeds: macro AUPRC {_mean_sd(found)}, from {min(values):.3f} "
        f"to {max(values):.3f}. The interval of their mean by patient is {limits(line['interval'])}."
    )


def _mean_sd(found: Mapping[str, Any]) -> str:
    return "{:.3f} ± {:.3f}".format(*_moments(found))


def search(found: Mapping[str, Any], floor: Mapping[str, Any]) -> str:
    board = found["leaderboard"]
    names = [name for name in board["runs"][0]["hyperparameters"] if _varies(board["runs"], name)]
    classes = list(board["runs"][0]["auprc"])
    heading = ["", "macro AUPRC", "95 %", *(f"AUPRC {name}" for name in classes), *names]
    rows = [
        [
            ("=" if line["tied"] else "") + str(line["rank"]),
            number(line["objective"]),
            limits(line["interval"]),
            *(number(line["auprc"].get(name)) for name in classes),
            *(_setting(line["hyperparameters"].get(name)) for name in names),
        ]
        for line in board["runs"][:SHOWN]
    ]
    values = list(found["objectives"].values())
    return (
        f"{len(values)} runs; their median is {statistics.median(values):.3f}, the default's mean "
        f"{_mean_sd(floor)}. `=` is tied with the first.\n\n{table(heading, rows)}\n\n"
        + " ".join(board["notices"])
    )


def _varies(lines: Sequence[Mapping[str, Any]], name: str) -> bool:
    return len({repr(line["hyperparameters"].get(name)) for line in lines}) > 1


def _setting(value: object) -> str:
    return "–" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)


def confirmed(found: Mapping[str, Any]) -> str:
    rows = [
        [run, number(value), "first" if run == found["first"] else "tied" if run in found["tied"] else ""]
        for run, value in found["objectives"].items()
    ]
    return (
        table(["run of the search", "macro AUPRC, more folds, fresh seeds", ""], rows)
        + "\n\n"
        + verdict(found)
    )


def verdict(found: Mapping[str, Any]) -> str:
    if found["winner"]:
        return f"The winner is {found['winner']}."
    return f"A tie: these patients cannot tell {', '.join(found['tied'])} apart."


def ensemble(found: Mapping[str, Any]) -> str:
    return (
        f"{len(found['members'])} runs together: macro AUPRC {number(found['objective'])} "
        f"{limits(found['interval'])}; the best of them alone {number(found['best_objective'])}; "
        f"gain {limits(found['gain'], signed=True)}."
    )


def evaluated(found: Mapping[str, Mapping[str, Any]]) -> str:
    classes = [name for name, one in next(iter(found.values()))["classes"].items() if one["support"]]
    heading = ["model", *(f"AUPRC {n}" for n in classes), *(f"F1 {n}" for n in classes)]
    rows = []
    for name, result in found.items():
        measured = [number(result["classes"][n][m]["value"]) for m in ("auprc", "f1") for n in classes]
        rows.append([name, *measured])
    one = next(iter(found.values()))
    beats = ", ".join(f"{name} {one['classes'][name]['support']:,}" for name in classes)
    return f"{table(heading, rows)}\n\n{one['patients']} patients, beats {beats}: too few for intervals."


def resampling(lines: Sequence[Mapping[str, Any]]) -> str:
    heading = ["network", "sampler", "AUPRC S", "S, more than none", "AUPRC V", "V, more than none"]
    rows = []
    for model in dict.fromkeys(line["model"] for line in lines):
        of_model = [line for line in lines if line["model"] == model]
        for sampler in dict.fromkeys(line["sampler"] for line in of_model):
            of = {line["class"]: line for line in of_model if line["sampler"] == sampler}
            rows.append([model, sampler, *(cell for name in "SV" for cell in _against(of[name]))])
    shares = ", ".join(f"{line['class']} {line['share']:.3f}" for line in lines[:3])
    return (
        "Loss `ce` on all 22 patients, the same steps for every sampler; the mean over folds, and the "
        "difference to the same network without resampling over the same draws of patients. A guess would "
        f"get a class's share of the beats: {shares}.\n\n{table(heading, rows)}"
    )


def _against(line: Mapping[str, Any]) -> tuple[str, str]:
    if line["interval"] is None:
        return number(line["value"]), ""
    return number(line["value"]), f"{line['difference']:+.3f} {limits(line['interval'], signed=True)}"


def lessons(stages: Mapping[str, Stage]) -> Iterable[str]:
    """Sentences that the numbers decide."""
    floor = stages["noise floor"].found
    default, seeds = _moments(floor)
    low, high = floor["leaderboard"]["runs"][0]["interval"]
    yield (
        f"Seeds move the objective by {seeds:.3f} (sd): two runs that differ in nothing else lie within "
        f"{2.8 * seeds:.3f} of one another nineteen times of twenty. The interval by patient is "
        f"{high - low:.3f} wide."
    )
    board = stages["focal search"].found["leaderboard"]
    first, compared = board["runs"][0], [line for line in board["runs"] if line["tied"] is not None]
    gain = first["objective"] - default
    yield (
        f"The first of the search is {gain:+.3f} above the default's mean, {abs(gain) / seeds:.1f} "
        "standard deviations of its seeds; corrected for having been picked it is worth "
        f"{number(board['corrected'])}. Of the first {len(compared)}, "
        f"{sum(line['tied'] for line in compared)} are tied."
    )
    yield f"Confirming says: {verdict(stages['confirm'].found)}"
    gain = stages["ensemble"].found["gain"]
    yield f"The interval of the ensemble's gain is {limits(gain, signed=True)}."
    for name in "SV":
        yield _resampled(name, stages["resampling compared"].found)


def _moments(found: Mapping[str, Any]) -> tuple[float, float]:
    values = list(found["objectives"].values())
    return statistics.mean(values), statistics.stdev(values)


def _resampled(name: str, lines: Sequence[Mapping[str, Any]]) -> str:
    told = [line["interval"] for line in lines if line["class"] == name and line["interval"]]
    better, worse = sum(low > 0 for low, _ in told), sum(high < 0 for _, high in told)
    return (
        f"By AUPRC of {name}, of {len(told)} comparisons of a sampler with none {better} are better and "
        f"{worse} worse beyond their interval; {len(told) - better - worse} cannot be told."
    )
