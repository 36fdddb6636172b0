"""Is the best of a sweep as good as it looks, and does confirming name the right one? Simulated, truth known.

    python benchmarks/selection.py [--sweeps N]

Each simulated sweep has its own patients and 40 runs. A patient has rare classes more or less often and is
harder or easier for all runs and, on top of that, for each run. The truth of a run is the mean of its
objective over many other sets of as many patients. `naive` is the best run's own objective, `drawn` the usual
bootstrap correction (the mean over draws of what the draw's winner loses on the whole), `corrected` ours.
`confirm` takes the five first of a sweep on half of the patients to all patients with three fresh seeds.
"""

from __future__ import annotations

import argparse

import numpy as np

from rarebeat.winner import corrected_best, decide_winner
from training.objective import influences, objective, resampled_objective
from training.predictions import Predictions

CLASSES = ("N", "S", "V")
RANKED = ("S", "V")
ROWS = 40
RUNS = 40
TOP = 5
SEEDS = 3
DRAWS = 300
# How much runs differ: not at all, less than patients make them differ, and more.
SPREADS = (0.0, 0.1, 0.3)


class Patients:
    """People who come to all runs of a sweep alike."""

    def __init__(self, rng: np.random.Generator, count: int, folds: int = 2) -> None:
        share = rng.dirichlet([6.0, 1.0, 1.5], count)
        label = np.concatenate([rng.choice(len(CLASSES), ROWS, p=one) for one in share])
        self.count = count
        self.group = np.repeat([f"p{i:05}" for i in range(count)], ROWS)
        self.target = np.eye(len(CLASSES), dtype=np.uint8)[label]
        self.fold = np.repeat(np.arange(count) % folds, ROWS).astype(np.int16)
        self.ease = rng.normal(0, 0.3, count)
        self.noise = rng.normal(size=self.target.shape)

    def seen_by(self, skill: float, run: np.random.Generator, own: np.ndarray | None = None) -> Predictions:
        """What a run of this skill says of them; `own` (G,) is how easy each is for its configuration."""
        own = own if own is not None else run.normal(0, 0.3, self.count)
        ease = np.repeat(1.2 + skill + self.ease + own + run.normal(0, 0.1, self.count), ROWS)
        logits = ease[:, None] * self.target + 0.9 * self.noise + 0.45 * run.normal(size=self.noise.shape)
        rows = np.arange(len(self.group))
        logits = logits.astype(np.float32)
        return Predictions(rows, self.group, self.target, logits, self.fold, "split", CLASSES)

    def half(self) -> np.ndarray:
        """Rows of the first half of the people."""
        return np.flatnonzero(np.arange(len(self.group)) < self.count // 2 * ROWS)


def value(predictions: Predictions) -> float:
    """Return macro AUPRC of the rare classes."""
    return objective(predictions, RANKED, "sigmoid")


def truth(skills: np.ndarray, patients: int, sets: int) -> np.ndarray:
    """Return the mean objective over `sets` of other patients, interpolated between five skills."""
    marks = np.linspace(skills.min() - 1e-9, skills.max() + 1e-9, 5)
    means = np.zeros(len(marks))
    for i in range(sets):
        rng = np.random.default_rng([99, i])
        people = Patients(rng, patients)
        means += [value(people.seen_by(mark, rng)) / sets for mark in marks]
    return np.interp(skills, marks, means)


def drawn_correction(values: np.ndarray, drawn: np.ndarray) -> float:
    """Return the usual correction: `values` (M,), and `drawn` (M, R) over draws of patients."""
    winner = np.argmax(drawn, axis=0)
    return float(values.max() - np.mean(drawn[winner, np.arange(drawn.shape[1])] - values[winner]))


def one_sweep(number: int, spread: float, patients: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the skills of a sweep's runs and (naive, drawn, corrected, skill of the best)."""
    rng = np.random.default_rng([1, number, patients])
    skills = spread * rng.normal(size=RUNS)
    people = Patients(rng, patients)
    said = [people.seen_by(skill, rng) for skill in skills]
    values = np.array([value(one) for one in said])
    drawn = np.array([resampled_objective(one, RANKED, "sigmoid", DRAWS // 3) for one in said])
    drawn = drawn[:, np.isfinite(drawn).all(axis=0)]
    ours = corrected_best(np.array([influences(one, RANKED, "sigmoid") for one in said]))
    return skills, np.array([values.max(), drawn_correction(values, drawn), ours, values.argmax()])


def correction(sweeps: int, patients: int) -> None:
    """Print how far the three estimates are from the truth of the run that was picked."""
    print(f"\n{patients} patients, {RUNS} runs, {sweeps} sweeps: mean estimate minus truth of the best")
    print("runs differ by   naive     drawn     corrected   corrected/naive")
    for spread in SPREADS:
        done = [one_sweep(number, spread, patients) for number in range(sweeps)]
        picked = np.array([skills[int(row[3])] for skills, row in done])
        true = truth(picked, patients, max(200, sweeps))
        bias = np.mean([row[:3] for _, row in done] - true[:, None], axis=0)
        print(
            f"{spread:14.2f}   {bias[0]:+.4f}   {bias[1]:+.4f}   {bias[2]:+.4f}     "
            f"{abs(bias[2] / bias[0]):.2f}",
            flush=True,
        )


def confirmed(number: int, spread: float, patients: int) -> tuple[bool, bool, bool]:
    """Return whether confirming named the truly best of the five, alone or among the tied; whether it named
    one alone; and whether the naive first was the truly best of the five.
    """
    rng = np.random.default_rng([2, number])
    people = Patients(rng, patients, folds=4)
    skills = spread * rng.normal(size=RUNS)
    own = rng.normal(0, 0.3, (RUNS, patients))
    half = people.half()
    first = [value(_rows(people.seen_by(skills[i], rng, own[i]), half)) for i in range(RUNS)]
    top = np.argsort(first)[::-1][:TOP]
    values, drawn = {}, {}
    for i in top:
        runs = [people.seen_by(skills[i], rng, own[i]) for _ in range(SEEDS)]
        values[str(i)] = float(np.mean([value(one) for one in runs]))
        drawn[str(i)] = np.mean([resampled_objective(one, RANKED, "sigmoid", DRAWS) for one in runs], axis=0)
    verdict = decide_winner(values, drawn)
    best = str(top[np.argmax(skills[top])])
    return best in verdict.tied, verdict.decided, str(top[0]) == best


def _rows(given: Predictions, rows: np.ndarray) -> Predictions:
    arrays = (getattr(given, name)[rows] for name in ("row", "group", "target", "logits", "fold"))
    return Predictions(*arrays, given.split_digest, given.classes)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sweeps", type=int, default=200)
    sweeps = parser.parse_args().sweeps
    for patients in (22, 60):
        correction(sweeps, patients)
    print(f"\nconfirm: {TOP} of {RUNS} runs, {SEEDS} seeds, 44 patients, {sweeps // 2} sweeps")
    print("runs differ by   truly best named or tied   one named alone   naive first was the best")
    for spread in SPREADS[1:]:
        done = np.mean([confirmed(number, spread, 44) for number in range(sweeps // 2)], axis=0)
        print(f"{spread:14.2f}   {done[0]:24.2f}   {done[1]:15.2f}   {done[2]:24.2f}", flush=True)


if __name__ == "__main__":
    main()
