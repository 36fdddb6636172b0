"""A side of a data set as Keras wants to be fed: training rows by a sampler, other rows in order."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

from data_utils.loader import Examples
from data_utils.samplers.drawn import Drawn
from data_utils.samplers.recipes import make_batch
from data_utils.samplers.registry import EpochSampler

# Wide enough that the backend's overhead does not show, small enough for the activations of a long window.
ROWS_AT_ONCE = 512


class TrainingBatches(keras.utils.PyDataset):
    """Batches that a sampler draws anew for every epoch.

    Epoch e of one seed is the same whatever came before it, so that a run that starts afresh repeats itself.

    Args:
        examples: of the training side.
        sampler: gives the steps * batch_size recipes of an epoch.
        seed: what the draws depend on, besides the epoch.
        epochs: of the whole run, for samplers that change on the way.
    """

    def __init__(
        self, examples: Examples, sampler: EpochSampler, seed: Sequence[int], epochs: int = 1
    ) -> None:
        super().__init__()
        self.examples = examples
        self.sampler = sampler
        self.seed = list(seed)
        self.epochs = epochs
        self.epoch = 0
        self.drawn = self._draw()

    def __len__(self) -> int:
        return self.sampler.steps

    def __getitem__(self, step: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
        size = self.sampler.batch_size
        here = self.drawn.take(slice(step * size, (step + 1) * size))
        # A generator of the step's own: batches may be fetched in any order.
        rng = np.random.default_rng([*self.seed, self.epoch, step])
        return make_batch(self.examples, here, rng), self.examples.targets(here.rows)

    def on_epoch_end(self) -> None:
        # Not at the beginning of an epoch: by then the first batches may have been fetched ahead.
        self.epoch += 1
        self.drawn = self._draw()

    def prior(self) -> tuple[float, ...]:
        """Return the share of positives (K,) among what is known in the stream."""
        targets = self.examples.targets(self.drawn.rows)
        known = (targets != 255).sum(axis=0)
        return tuple((targets == 1).sum(axis=0) / np.maximum(known, 1))

    def _draw(self) -> Drawn:
        progress = min(self.epoch / max(self.epochs - 1, 1), 1.0)
        return self.sampler.epoch(np.random.default_rng([*self.seed, self.epoch]), progress)


class InOrder(keras.utils.PyDataset):
    """All examples of a side once, in order, without targets: what `model.predict` takes."""

    def __init__(self, examples: Examples) -> None:
        super().__init__()
        self.examples = examples

    def __len__(self) -> int:
        return -(-len(self.examples) // ROWS_AT_ONCE)

    def __getitem__(self, step: int) -> tuple[dict[str, np.ndarray]]:
        first = step * ROWS_AT_ONCE
        return (self.examples.batch(np.arange(first, min(first + ROWS_AT_ONCE, len(self.examples)))),)


def predict(model: keras.Model, examples: Examples) -> np.ndarray:
    """Return logits (n, K) float32 of all examples of a side."""
    return np.asarray(model.predict(InOrder(examples), verbose=0), np.float32)
