"""Results of the search benchmark as tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
from scipy.stats import rankdata, wilcoxon

SURE = 0.05
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
    return "\n".join([*lines, "", _verdict(cells)])


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


def _paired(found: dict[str, dict[int, list[float]]], peer: str) -> tuple[np.ndarray, np.ndarray]:
    """Curves of ours and of the peer (seeds, runs), on the seeds that both have."""
    seeds = sorted(set(found[OURS]) & set(found[peer]))
    return tuple(np.array([found[name][seed] for seed in seeds]) for name in (OURS, peer))


def _p(gain: np.ndarray) -> float:
    return float(wilcoxon(gain).pvalue) if np.any(gain) else 1.0


def _reached(ours: np.ndarray, theirs: np.ndarray) -> int | None:
    """After how many runs ours has on average what the peer has after its last."""
    runs = np.nonzero(np.nanmean(ours, axis=0) <= np.nanmean(theirs[:, -1]))[0]
    return int(runs[0]) + 1 if len(runs) else None


def _against(found: dict[str, dict[int, list[float]]]) -> str:
    """Whether ours beats its peer, p of the paired Wilcoxon test, and after how many runs its last value."""
    peer = next((name for name in PEERS if name in found), None)
    if OURS not in found or peer is None:
        return "–"
    ours, theirs = _paired(found, peer)
    gain = theirs[:, -1] - ours[:, -1]
    runs = _reached(ours, theirs)
    after = f"its value after {runs} runs" if runs else "its value is not reached"
    return f"{'better' if np.mean(gain) > 0 else 'worse'} than {peer}, p = {_p(gain):.2g}; {after}"


def _verdict(cells: Cells) -> str:
    """Over all cells: how often ours is better than W&B's engine, and how far behind a peer it falls."""
    peer = PEERS[0]
    both = [_paired(found, peer) for found in cells.values() if OURS in found and peer in found]
    if not both:
        return ""
    gains = [theirs[:, -1] - ours[:, -1] for ours, theirs in both]
    sure = [np.sign(np.mean(gain)) for gain in gains if _p(gain) < SURE]
    runs = [_reached(ours, theirs) or len(ours[0]) + 1 for ours, theirs in both]
    errors, where = max(_behind(cells), default=(0.0, "nowhere"))
    return (
        f"At p < {SURE} better than {peer} in {sure.count(1)} of {len(both)} cells, worse in "
        f"{sure.count(-1)}; its last value after {np.mean(runs):.0f} runs on average (not reached: one more "
        f"than all). Furthest behind a peer: {errors:.2f} standard errors of the difference, {where}."
    )


def _behind(cells: Cells) -> Iterator[tuple[float, str]]:
    """By how many standard errors of the paired difference ours is behind, for each cell and peer."""
    for (objective, pending), found in cells.items():
        for name in set(found) - {OURS} if OURS in found else ():
            ours, theirs = _paired(found, name)
            lag = ours[:, -1] - theirs[:, -1]
            if len(lag) > 1 and np.any(lag):
                error = lag.std(ddof=1) / np.sqrt(len(lag))
                yield float(lag.mean() / error), f"{objective} with {pending} pending, {name}"
