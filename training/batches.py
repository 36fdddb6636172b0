"""A side of a data set as Keras wants to be fed: training rows by a sampler, other rows in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np

from data_utils.augment import Augmenter
from data_utils.buckets import by_length, in_order_of_length, padded_length
from data_utils.errors import BadInput
from data_utils.loader import Examples
from data_utils.samplers.drawn import Drawn
from data_utils.samplers.recipes import make_batch
from data_utils.samplers.registry import EpochSampler

# Wide enough that the backend's overhead does not show, small enough for the activations of a long window.
ROWS_AT_ONCE = 512
SAMPLES_AT_ONCE = 1 << 19


class TrainingBatches(keras.utils.PyDataset):
    """Batches that a sampler draws anew for every epoch.

    Epoch e of one seed is the same whatever came before it, so that a run that starts afresh repeats itself.
    Where examples are whole rows, an epoch's draws are put into batches of like length.

    Args:
        examples: of the training side.
        sampler: gives the steps * batch_size recipes of an epoch.
        seed: what the draws depend on, besides the epoch.
        epochs: of the whole run, for samplers that change on the way.
        augment: what is done to examples; None leaves them.
    """

    def __init__(
        self,
        examples: Examples,
        sampler: EpochSampler,
        seed: Sequence[int],
        epochs: int = 1,
        augment: Augmenter | None = None,
    ) -> None:
        super().__init__()
        self.examples = examples
        self.sampler = sampler
        self.seed = list(seed)
        self.epochs = epochs
        self.augment = augment
        self.epoch = 0
        self._start_epoch()

    def __len__(self) -> int:
        return self.sampler.steps

    def __getitem__(self, step: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
        size = self.sampler.batch_size
        here = self.drawn.take(slice(step * size, (step + 1) * size))
        # A generator of the step's own: batches may be fetched in any order.
        rng = np.random.default_rng([*self.seed, self.epoch, step])
        batch = make_batch(self.examples, here, rng, self.padded[step])
        if self.augment:
            batch = self.augment(batch, rng)
        return batch, self.examples.targets(here.rows)

    def on_epoch_end(self) -> None:
        # Not at the beginning of an epoch: by then the first batches may have been fetched ahead.
        self.epoch += 1
        self._start_epoch()

    def prior(self, epoch: int | None = None) -> tuple[float, ...]:
        """Return the share of positives (K,) among what is known in the stream, over one pass at least.

        A rare class may be missing from a short epoch.

        Args:
            epoch: whose stream, counted from 0; None is the one under way.
        """
        targets = self.examples.targets(self._one_pass(self.epoch if epoch is None else epoch).rows)
        known = (targets != 255).sum(axis=0)
        return tuple((targets == 1).sum(axis=0) / np.maximum(known, 1))

    def _one_pass(self, epoch: int) -> Drawn:
        draws = self.sampler.sampler
        if epoch == self.epoch and len(self.drawn) >= draws.pass_length:
            return self.drawn
        # A generator of its own, so that the epochs draw what they would have drawn.
        rng = np.random.default_rng([*self.seed, epoch])
        return draws.draw(max(draws.pass_length, len(self.drawn)), rng, self._progress(epoch))

    def _progress(self, epoch: int) -> float:
        return min(epoch / max(self.epochs - 1, 1), 1.0)

    def _start_epoch(self) -> None:
        rng = np.random.default_rng([*self.seed, self.epoch])
        self.drawn = self.sampler.epoch(rng, self._progress(self.epoch))
        self.padded: list[int | None] = [None] * len(self)
        if self.examples.length is None:
            self._sort_by_length(rng)

    def _sort_by_length(self, rng: np.random.Generator) -> None:
        if self.drawn.mates is not None:
            raise BadInput(
                "This sampler mixes rows, which whole rows are too unlike for: give window in seconds."
            )
        size, lengths = self.sampler.batch_size, self.examples.training_lengths
        self.drawn = self.drawn.take(by_length(lengths[self.drawn.rows], size, rng))
        self.padded = padded_lengths(lengths[self.drawn.rows].reshape(-1, size).max(axis=1), lengths)


def padded_lengths(longest: Sequence[int], lengths: np.ndarray) -> list[int]:
    """Return to how many samples each batch is padded.

    Keras takes a size for fixed that the first two batches share, and fails at the first batch of another:
    they are made to differ, or a single batch always has the size of the longest row.

    Args:
        longest: row of each batch.
        lengths: (n,) of all rows that a batch may be of, also in another epoch.
    """
    if len(longest) == 1 or lengths.min() == lengths.max():
        return [padded_length(lengths.max())] * len(longest)
    padded = [padded_length(samples) for samples in longest]
    padded[0] += padded[0] == padded[1]
    return padded


def predict(model: keras.Model, examples: Examples) -> np.ndarray:
    """Return what the model says (n, K) float32 of all examples of a side, in its order: mostly logits."""
    batches = _positions(examples)
    predicted = [model.predict_on_batch(inputs) for inputs in _cut_ahead(examples, batches)]
    logits = np.empty((len(examples), predicted[0].shape[1]), np.float32)
    logits[np.concatenate(batches)] = np.concatenate(predicted)
    return logits


def _positions(examples: Examples) -> Sequence[np.ndarray]:
    """Those of each batch: whole rows from the longest to the shortest, others in order and in batches of one
    size, for which the model is traced once; the last row stands in for what the last batch lacks."""
    batches = in_order_of_length(examples.lengths, ROWS_AT_ONCE, SAMPLES_AT_ONCE)
    if examples.length is None:
        return batches
    lacking = -len(examples) % len(batches)
    return np.pad(np.arange(len(examples)), (0, lacking), mode="edge").reshape(len(batches), -1)


def _cut_ahead(examples: Examples, batches: Sequence[np.ndarray]) -> Iterator[dict[str, np.ndarray]]:
    """The inputs of each batch; the next are cut while a model works on these."""
    with ThreadPoolExecutor(1) as pool:
        cutting = (pool.submit(examples.batch, rows) for rows in batches)
        coming = next(cutting)
        for following in cutting:
            yield coming.result()
            coming = following
        yield coming.result()
