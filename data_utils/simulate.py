"""Simulated recordings with rare beats, for a first try and for tests. No finding about hearts may rest on
them.

Every patient has a rhythm, waves, noise and a tendency to ectopic beats of their own: the rare classes
gather in few patients, as they do in real recordings. The signal is `data_utils.ecgsyn`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data_utils.ecgsyn import ecg
from data_utils.errors import BadInput
from data_utils.rr import RR_COVARIATES, rr_covariates
from data_utils.splits import balanced_folds
from data_utils.write import BeatRows, Description, writing

RATE = 360.0
CLASSES = ("N", "S", "V", "F")
CLASS_NAMES = ("Normal", "Supraventricular ectopic", "Ventricular ectopic", "Fusion")

# Mean share of S, V and F beats; a patient's own share is drawn around it with a long tail.
_ECTOPY = {"S": 0.04, "V": 0.06, "F": 0.012}
# Waves P Q R S T as height (share of R), place (s), width (s): the table of McSharry et al. 2003 at 60/min.
_NORMAL = np.array(
    [[0.25, -0.2, 0.04], [-0.17, -0.042, 0.016], [1.0, 0.0, 0.016], [-0.25, 0.042, 0.016], [0.4, 0.25, 0.064]]
)
# A ventricular beat begins in muscle: no P, a wide QRS, and a T wave against it.
_VENTRICULAR = np.array(
    [[0.0, -0.2, 0.04], [-0.2, -0.085, 0.03], [1.1, 0.0, 0.042], [-0.45, 0.095, 0.038], [-0.45, 0.3, 0.075]]
)


@dataclass(frozen=True, eq=False)
class Recording:
    """One simulated recording: samples (S, 1) float16 mV, R peaks (n,), positions in `CLASSES` (n,)."""

    samples: np.ndarray
    beats: np.ndarray
    classes: np.ndarray


def simulate_recording(minutes: float, rng: np.random.Generator) -> Recording:
    """One patient's recording."""
    length = round(minutes * 60 * RATE)
    classes, intervals = _rhythm(round(minutes * 60 / 0.4) + 2, rng)
    beats = np.cumsum(np.round(intervals * RATE).astype(np.int64))
    inside = beats < length
    classes, beats, intervals = classes[inside], beats[inside], intervals[inside]
    samples = ecg(beats, _waves(classes, intervals, rng), _wander(length, rng), RATE)
    # The stored type: many recordings are held before they are written.
    samples = (samples + _noise(length, rng)).astype(np.float16)
    return Recording(samples[:, None], beats, classes)


def simulate(
    out: Path,
    patients: int = 32,
    minutes: float = 10.0,
    seed: int = 0,
    overwrite: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Write a simulated dataset: a quarter of the patients sealed, a quarter of the rest as validation
    side, six folds.

    Raises:
        BadInput: fewer than 12 patients, less than one minute or a negative seed; what
            `data_utils.write.writing` refuses.
    """
    if patients < 12 or not 1 <= minutes <= 1440:
        raise BadInput(
            f"{patients} patients of {minutes} minutes: ask for 12 patients or more, 1 to 1440 minutes each."
        )
    if seed < 0:
        raise BadInput(f"seed {seed} must be 0 or more.")
    names = [f"sim{number:04d}" for number in range(patients)]
    with writing(out, _description(patients, minutes, seed), overwrite) as writer:
        recordings = {}
        for number, name in enumerate(names):
            recordings[name] = simulate_recording(minutes, np.random.default_rng([seed, number]))
            progress(number + 1, patients)
        splits, folds = _dealt({name: _counts(recording) for name, recording in recordings.items()})
        for name, recording in recordings.items():
            writer.add(name, name, splits[name], recording.samples, _rows(recording))
        writer.finish(folds)


def _description(patients: int, minutes: float, seed: int) -> Description:
    return Description(
        task="multiclass",
        classes=CLASSES,
        class_names=CLASS_NAMES,
        leads=("simulated",),
        rate=RATE,
        covariates=RR_COVARIATES,
        source="simulated",
        licence="none: simulated",
        simulated=True,
        groups_known=True,
        preparation={
            "model": "McSharry et al. 2003, IEEE Trans Biomed Eng 50:289",
            "patients": patients,
            "minutes": minutes,
            "seed": seed,
        },
    )


def _dealt(counts: dict[str, np.ndarray]) -> tuple[dict[str, str], dict[str, int]]:
    """Split of every patient, and fold of those who are not sealed."""
    quarters = balanced_folds(counts, 4)
    training = {name: count for name, count in counts.items() if quarters[name] != 0}
    validation = balanced_folds(training, 4)
    splits = {name: "test" if quarters[name] == 0 else "train" for name in counts}
    splits |= {name: "validation" for name in training if validation[name] == 0}
    return splits, balanced_folds(training, 6)


def _counts(recording: Recording) -> np.ndarray:
    return np.bincount(recording.classes, minlength=len(CLASSES))


def _rows(recording: Recording) -> BeatRows:
    return BeatRows(
        anchor=recording.beats,
        target=np.eye(len(CLASSES), dtype=np.uint8)[recording.classes],
        covariates=rr_covariates(recording.beats, RATE),
    )


def _rhythm(count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Classes (count,) and the interval before each beat (count,) in seconds.

    S comes early and resets the sinus node; V comes early and does not, so the pause after it makes up for it
    (compensatory); F, a sinus and a ventricular beat at once, comes a little early.
    """
    shares = [share * rng.gamma(0.6, 1 / 0.6) for share in _ECTOPY.values()]
    shares = np.minimum(shares, (0.25, 0.3, 0.08))
    classes = rng.choice(len(CLASSES), size=count, p=[1 - sum(shares), *shares])
    # A premature beat follows a normal one, so that its prematurity can be told.
    classes[1:][classes[:-1] != 0] = 0
    classes[0] = 0
    sinus = _sinus_intervals(count, rng)
    early = np.array([1.0, rng.uniform(0.68, 0.92), rng.uniform(0.58, 0.92), rng.uniform(0.88, 0.97)])
    spread = np.array([0.0, 0.07, 0.07, 0.03])
    factor = early[classes] + spread[classes] * rng.standard_normal(count)
    before = np.roll(classes, 1)
    pause = np.select([before == 1, before == 2, before == 3], [1.05, 2 - np.roll(factor, 1), 1.04], 1.0)
    return classes, np.clip(sinus * np.where(classes == 0, pause, factor), 0.3, 2.5)


def _sinus_intervals(count: int, rng: np.random.Generator) -> np.ndarray:
    """(count,) s: it swings with breathing (0.25 Hz) and slower (0.1 Hz), as in McSharry et al. 2003."""
    mean = rng.uniform(0.65, 1.05)
    time = np.arange(count) * mean
    waves = rng.uniform(0.01, 0.03) * np.sin(2 * np.pi * rng.uniform(0.2, 0.3) * time)
    waves += rng.uniform(0.01, 0.03) * np.sin(2 * np.pi * rng.uniform(0.08, 0.12) * time + rng.uniform(0, 6))
    drift = np.cumsum(rng.standard_normal(count)) * 0.002
    drift -= np.linspace(0, drift[-1], count)
    # Some people's rhythm is irregular without any ectopic beat: among them, early says little.
    irregular = rng.uniform(0.1, 0.18) if rng.random() < 0.25 else rng.uniform(0.005, 0.06)
    return mean * (1 + waves + np.clip(drift, -0.15, 0.15) + irregular * rng.standard_normal(count))


def _waves(classes: np.ndarray, intervals: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(n, 5, 3) waves of every beat: the patient's own shapes, varying a little from beat to beat."""
    normal = _own(_NORMAL, rng.uniform(0.7, 1.6), rng)
    ventricular = _own(_VENTRICULAR, rng.uniform(0.6, 1.8) * rng.choice([1, 1, -1]), rng)
    supraventricular = normal.copy()
    supraventricular[0] *= (rng.uniform(-0.6, 0.9), rng.uniform(0.7, 1.0), rng.uniform(0.8, 1.1))
    share = rng.uniform(0.25, 0.6, len(classes))[:, None, None]
    shapes = np.stack([normal, supraventricular, ventricular, normal])[classes]
    shapes = np.where((classes == 3)[:, None, None], (1 - share) * normal + share * ventricular, shapes)
    shapes[..., 0] *= 1 + 0.06 * rng.standard_normal(shapes.shape[:2])
    # P and T come nearer when the heart is fast: Bazett's square root, as in the authors' program.
    shapes[:, [0, 4], 1] *= np.sqrt(np.clip(intervals, 0.4, 1.4))[:, None]
    return shapes


def _own(waves: np.ndarray, scale: float, rng: np.random.Generator) -> np.ndarray:
    """(5, 3) one patient's version of the waves."""
    own = waves * (1 + np.array([0.25, 0.08, 0.15]) * rng.standard_normal(waves.shape))
    own[:, 0] *= scale
    return own


def _wander(length: int, rng: np.random.Generator) -> np.ndarray:
    """(length,) mV: z0, the baseline that moves with breathing."""
    time = np.arange(length) / RATE
    breathing = rng.uniform(0.02, 0.15) * np.sin(2 * np.pi * rng.uniform(0.2, 0.3) * time + rng.uniform(0, 6))
    return breathing + rng.uniform(0.0, 0.2) * np.sin(2 * np.pi * rng.uniform(0.02, 0.06) * time)


def _noise(length: int, rng: np.random.Generator) -> np.ndarray:
    """(length,) mV: muscle and amplifier noise, louder in some stretches."""
    seconds = np.arange(length) / RATE
    knots = np.exp(0.5 * rng.standard_normal(int(seconds[-1] / 20) + 2))
    level = np.interp(seconds, np.arange(len(knots)) * 20.0, knots)
    return rng.uniform(0.01, 0.05) * level * rng.standard_normal(length)
