"""What is done to a signal before a model sees it: fitted on training rows only, kept in the model's card."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import numpy as np

from data_utils.dataset import Dataset, Side
from data_utils.windows import columns, ratio

HYPERPARAMETERS = {
    "window": {
        "type": "float",
        "default": 0.8,
        "min": 0.0,
        "max": 120.0,
        "meaning": "Seconds of signal that the model sees, centred on the beat where there is one; 0 is the "
        "whole row, however long it is.",
    },
    "crop": {
        "type": "float",
        "default": 0.0,
        "min": 0.0,
        "max": 3600.0,
        "meaning": "Seconds, at most, that training takes of a whole row, from a random place; 0 takes all. "
        "Prediction always takes the whole row.",
        "active": {"window": [0]},
    },
    "resample_to": {
        "type": "float",
        "default": 0.0,
        "min": 0.0,
        "max": 10000.0,
        "meaning": "Hz of what the model sees, not above the file's; 0 leaves the file's rate.",
    },
    "leads": {
        "type": "str",
        "default": "",
        "meaning": "Leads that the model sees, by name, with commas between; empty takes all of the file's.",
    },
    "scaling": {
        "type": "choice",
        "default": "none",
        "choices": ["none", "window"],
        "meaning": "none leaves mV; window makes mean 0 and deviation 1 of each window and lead.",
    },
    "covariates": {
        "type": "bool",
        "default": True,
        "meaning": "Whether the model also sees the file's covariates, such as RR intervals.",
    },
}

SCALINGS = tuple(HYPERPARAMETERS["scaling"]["choices"])


@dataclass(frozen=True)
class Preparation:
    """Enough to turn a stored or a new recording into a model's input.

    Attributes:
        window: seconds that the model sees; 0 is the whole row.
        position: share of the window that lies before the anchor.
        scaling: "none" or "window".
        covariate_mean, covariate_std: one number per covariate, of the training rows; empty means that
            covariates are not fed.
        leads: names of the leads that the model sees, in that order; empty is all of the file's.
        crop: seconds, at most, of a whole row in training; 0 is no limit.
        resample_to: Hz of what the model sees; 0 is the file's rate.
    """

    window: float
    position: float = 0.5
    scaling: str = "none"
    covariate_mean: tuple[float, ...] = ()
    covariate_std: tuple[float, ...] = ()
    leads: tuple[str, ...] = ()
    crop: float = 0.0
    resample_to: float = 0.0

    def __post_init__(self) -> None:
        if not self.window >= 0:
            raise ValueError(f"window={self.window} s must be positive, or 0 for whole rows.")
        if self.scaling not in SCALINGS:
            raise ValueError(f"scaling={self.scaling!r} must be one of {', '.join(SCALINGS)}.")
        if len(self.covariate_mean) != len(self.covariate_std):
            raise ValueError("covariate_mean and covariate_std must have the same length.")

    def length(self, rate: float) -> int | None:
        """Samples T of a window of a file of `rate` Hz; None where every row has its own."""
        return self.samples(self.window, rate) if self.window else None

    def samples(self, seconds: float, rate: float) -> int:
        """Samples that the model sees of so many seconds of a file of `rate` Hz, at least one."""
        up, down = ratio(rate, self.resample_to)
        return max(1, round(seconds * rate * up / down))

    def channels(self, dataset: Dataset) -> int:
        """Channels C of the model's signal."""
        return len(self.lead_names(dataset))

    def lead_names(self, dataset: Dataset) -> tuple[str, ...]:
        """The leads that the model sees, in its order."""
        return self.leads or dataset.leads

    def covariate_names(self, dataset: Dataset) -> tuple[str, ...]:
        """The numbers that the model sees beside the signal, F of them."""
        return dataset.covariates if self.covariate_mean else ()

    def to_json(self) -> dict:
        """Plain data that `from_json` reads back."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, data: dict) -> Preparation:
        return cls(
            **{name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
        )


def fit_preparation(
    train: Side,
    window: float,
    scaling: str = "none",
    covariates: bool = True,
    *,
    leads: str = "",
    crop: float = 0.0,
    resample_to: float = 0.0,
) -> Preparation:
    """Preparation whose covariate statistics come from the training side alone; unknown (NaN) values are
    left out.

    Args:
        window, scaling, covariates, leads, crop, resample_to: the hyperparameters of these names.
    Raises:
        BadInput: leads or a rate that the file does not have, or whole rows where rows are beats.
        ValueError: a side that is not the training side: fitting on it would be a leak.
    """
    if train.role != "train":
        raise ValueError(f"A preparation is fitted on the training side; this is the {train.role} side.")
    dataset = train.dataset
    chosen = tuple(name.strip() for name in leads.split(",")) if leads.strip() else ()
    columns(dataset.leads, chosen)
    unfitted = Preparation(
        window, scaling=scaling, leads=chosen or dataset.leads, crop=crop, resample_to=resample_to
    )
    mean, std = _statistics(train.covariates if covariates else train.covariates[:, :0])
    return replace(unfitted, covariate_mean=mean, covariate_std=std)


def _statistics(values: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of each column of (n, F), over what is known."""
    known = np.ma.masked_invalid(values.astype(np.float64))
    mean = known.mean(axis=0).filled(0.0)
    std = known.std(axis=0).filled(1.0)
    # A constant column tells nothing; dividing by 1 keeps it finite.
    std[std < 1e-9] = 1.0
    return tuple(mean.tolist()), tuple(std.tolist())
