"""Results of the search benchmark as tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
from scipy.stats import rankdata, wilcoxon

OURS, PEERS = "bayes", ("wandb", "tpe")  # the peer is W&B's engine, or Optuna's TPE where that is left out

# (objective, pending) -> engine -> seed -> curve
Cells = dict[tuple[str, int], dict[str, dict[int, list[float]]]]


def report(results: list[dict]) -> str:
    cells: Cells = defaultdict(lambda: defaultdict(dict))
    seconds = defaultdict(list)
    for result in results:
        name, objective, pending, seed = result["cell"]
        cells[objective, pending][name][seed] = result["curve"]
        seconds[name].append(result["seconds"])
    names = sorted(seconds, key=lambda name: np.mean(list(_ranks(cells, name))))
    lines = [
        _row("objective", "pending", "seeds", *names, "ours"),
        _row(*["---"] * (4 + len(names))),
    ]
    for (objective, pending), found in sorted(cells.items()):
        seeds = min(len(curves) for curves in found.values())
        losses = [_losses(found[name]) if name in found else "–" for name in names]
        lines.append(_row(objective, pending, seeds, *losses, _against(found)))
    lines.append(
        _row("mean rank", "", "", *(f"{np.mean(list(_ranks(cells, name))):.2f}" for name in names), "")
    )
    lines.append(_row("s / suggestion", "", "", *(f"{np.mean(seconds[name]):.3f}" for name in names), ""))
    return "\n".join(lines)


def _row(*parts: object) -> str:
    return "| " + " | ".join(map(str, parts)) + " |"


def _losses(curves: dict[int, list[float]]) -> str:
    last = np.array([curve[-1] for curve in curves.values()])
    error = last.std(ddof=1) / np.sqrt(len(last)) if len(last) > 1 else np.nan
    return f"{last.mean():.4f} ± {error:.4f}"


def _ranks(cells: Cells, name: str) -> Iterator[float]:
    """Of an engine in every cell and for every seed that all engines of the cell have."""
    for found in cells.values():
        for seed in set.intersection(*(set(curves) for curves in found.values())):
            last = {other: found[other][seed][-1] for other in found}
            ranks = dict(zip(last, rankdata(list(last.values())), strict=True))
            if name in ranks:
                yield ranks[name]


def _against(found: dict[str, dict[int, list[float]]]) -> str:
    """Whether ours beats its peer, p of the paired Wilcoxon test, and after how many runs its last value."""
    peer = next((name for name in PEERS if name in found), None)
    if OURS not in found or peer is None:
        return "–"
    seeds = sorted(set(found[OURS]) & set(found[peer]))
    ours, theirs = (np.array([found[name][seed] for seed in seeds]) for name in (OURS, peer))
    gain = theirs[:, -1] - ours[:, -1]
    p = wilcoxon(gain).pvalue if np.any(gain) else 1.0
    mean = np.nanmean(theirs[:, -1])
    reached = np.nonzero(np.nanmean(ours, axis=0) <= mean)[0]
    runs = f"{reached[0] + 1} runs" if len(reached) else "not reached"
    return f"{'better' if np.mean(gain) > 0 else 'worse'} than {peer}, p = {p:.2g}; its value after {runs}"
