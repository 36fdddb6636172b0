"""All augmentations that are on, one after the other, on a batch of training examples."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from data_utils.augment.adding import RecordedNoise, WhiteNoise, noise_level, wander
from data_utils.augment.dropping import kept_leads, kept_time
from data_utils.augment.hyperparameters import HYPERPARAMETERS, STRENGTHS
from data_utils.augment.missing import measured
from data_utils.augment.moving import moved
from data_utils.errors import BadInput


def build_augmenter(hp: Mapping, rate: float, leads: int) -> Augmenter | None:
    """What `hp` asks for; None where every augmentation is off. What `hp` leaves out has its default.

    Args:
        rate: Hz of the examples.
        leads: of the examples.
    Raises:
        BadInput: leads are to be dropped and there is only one, or recorded noise that cannot be read.
    """
    hp = {name: declared["default"] for name, declared in HYPERPARAMETERS.items()} | dict(hp)
    if not hp["augment_probability"] or not any(hp[name] for name in STRENGTHS):
        return None
    if hp["augment_lead_dropout"] and leads == 1:
        raise BadInput(
            "augment_lead_dropout needs two leads or more: the examples have one, which must stay."
        )
    return Augmenter(hp, rate, leads)


class Augmenter:
    """Changes examples, never their targets.

    Mixup keeps the target of the example that has the greater weight (lam >= 0.5), because targets here are
    1, 0 or unknown: half a class is nothing that a count, a margin or a mixture with unknown could take.

    Args:
        hp: strengths by name, all of `HYPERPARAMETERS`.
        rate: Hz.
        leads: L; where an example has more channels, they repeat the leads in their order.
    """

    def __init__(self, hp: Mapping, rate: float, leads: int) -> None:
        self.hp = hp
        self.rate = rate
        self.leads = leads
        paths = [Path(name.strip()) for name in hp["noise_from"].split(",") if name.strip()]
        self.noise = RecordedNoise(paths, rate) if paths and hp["augment_snr"] else WhiteNoise()

    def __call__(self, batch: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Change a batch in place, and return it.

        Args:
            batch: "signal" (B, T, C), and where there are any "covariates" (B, F) and "mask" (B, T).
        """
        self._move(batch, rng)
        self._amplify(batch, rng)
        self._mix(batch, rng)
        self._add(batch, rng)
        self._drop(batch, rng)
        return batch

    def _chosen(self, name: str, batch: dict[str, np.ndarray], rng: np.random.Generator) -> np.ndarray:
        """(m,) examples that get the augmentation `name`; none where it is off."""
        if not self.hp[name]:
            return np.empty(0, np.int64)
        return np.flatnonzero(rng.random(len(batch["signal"])) < self.hp["augment_probability"])

    def _move(self, batch: dict[str, np.ndarray], rng: np.random.Generator) -> None:
        size = len(batch["signal"])
        speed, shift = np.ones(size), np.zeros(size, np.int64)
        warped, shifted = (self._chosen(name, batch, rng) for name in ("augment_warp", "augment_shift"))
        most = self.hp["augment_warp"]
        speed[warped] = rng.uniform(1 - most, 1 + most, len(warped))
        reach = round(self.hp["augment_shift"] * self.rate)
        shift[shifted] = rng.integers(-reach, reach, len(shifted), endpoint=True)
        # Apart, so that only what is warped is interpolated.
        for rows in (np.flatnonzero(speed != 1), np.flatnonzero((speed == 1) & (shift != 0))):
            if len(rows):
                batch["signal"][rows] = moved(
                    batch["signal"][rows], _lengths(batch)[rows], speed[rows], shift[rows]
                )

    def _amplify(self, batch: dict[str, np.ndarray], rng: np.random.Generator) -> None:
        rows, most = self._chosen("augment_amplitude", batch, rng), self.hp["augment_amplitude"]
        if len(rows):
            gain = rng.uniform(1 - most, 1 + most, (len(rows), 1, 1))
            batch["signal"][rows] *= gain.astype(np.float32)

    def _mix(self, batch: dict[str, np.ndarray], rng: np.random.Generator) -> None:
        """mixup (Zhang et al. 2018, ICLR) within the batch, label-preserving."""
        rows = self._chosen("augment_mixup", batch, rng)
        if not len(rows):
            return
        mates = rng.permutation(len(batch["signal"]))[rows]
        share = rng.beta(self.hp["augment_mixup"], self.hp["augment_mixup"], len(rows))
        share = np.minimum(share, 1 - share).astype(np.float32)
        for values in (batch[name] for name in batch if name != "mask"):
            of = share.reshape(-1, *[1] * (values.ndim - 1))
            values[rows] = (1 - of) * values[rows] + of * values[mates]
        if "mask" in batch:
            batch["signal"][rows] *= batch["mask"][rows, :, None]

    def _add(self, batch: dict[str, np.ndarray], rng: np.random.Generator) -> None:
        wandering, noisy = (self._chosen(name, batch, rng) for name in ("augment_wander", "augment_snr"))
        for rows, draw in ((wandering, self._wander), (noisy, self._noise)):
            if len(rows):
                mask = batch["mask"][rows] if "mask" in batch else None
                signal = batch["signal"][rows]
                known = measured(signal, self.rate, mask)
                added = draw(signal, known, rng)
                repeats = signal.shape[2] // self.leads
                batch["signal"][rows] = signal + np.where(known, np.tile(added, (1, 1, repeats)), 0)

    def _wander(self, signal: np.ndarray, known: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return wander((*signal.shape[:2], self.leads), self.hp["augment_wander"], self.rate, rng)

    def _noise(self, signal: np.ndarray, known: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        level = noise_level(signal[..., : self.leads], known[..., : self.leads], self.hp["augment_snr"], rng)
        return level[:, None, None] * self.noise.draw((*signal.shape[:2], self.leads), rng)

    def _drop(self, batch: dict[str, np.ndarray], rng: np.random.Generator) -> None:
        signal = batch["signal"]
        rows = self._chosen("augment_lead_dropout", batch, rng)
        if len(rows):
            kept = kept_leads(len(rows), self.leads, self.hp["augment_lead_dropout"], rng)
            signal[rows] *= np.tile(kept, (1, signal.shape[2] // self.leads))[:, None]
        rows = self._chosen("augment_mask", batch, rng)
        if len(rows):
            kept = kept_time(_lengths(batch)[rows], signal.shape[1], self.hp["augment_mask"], rng)
            signal[rows] *= kept[..., None]


def _lengths(batch: dict[str, np.ndarray]) -> np.ndarray:
    """(B,) samples of each example, without padding."""
    if "mask" in batch:
        return batch["mask"].sum(axis=1).astype(np.int64)
    return np.full(len(batch["signal"]), batch["signal"].shape[1], np.int64)
