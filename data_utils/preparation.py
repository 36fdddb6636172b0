"""What is done to a signal before a model sees it: fitted on training rows only, kept in the model's card."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from data_utils.dataset import Side

HYPERPARAMETERS = {
    "window": {
        "type": "float",
        "default": 0.8,
        "min": 0.05,
        "max": 120.0,
        "meaning": "Seconds of signal that the model sees, centred on the beat where there is one.",
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
        window: seconds that the model sees.
        position: share of the window that lies before the anchor.
        scaling: "none" or "window".
        covariate_mean, covariate_std: one number per covariate, of the training rows; empty means that
            covariates are not fed.
    """

    window: float
    position: float = 0.5
    scaling: str = "none"
    covariate_mean: tuple[float, ...] = ()
    covariate_std: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not self.window > 0:
            raise ValueError(f"window={self.window} s must be positive.")
        if self.scaling not in SCALINGS:
            raise ValueError(f"scaling={self.scaling!r} must be one of {', '.join(SCALINGS)}.")
        if len(self.covariate_mean) != len(self.covariate_std):
            raise ValueError("covariate_mean and covariate_std must have the same length.")

    def length(self, rate: float) -> int:
        """Samples T of a window at `rate` Hz."""
        return max(1, round(self.window * rate))

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
    train: Side, window: float, scaling: str = "none", covariates: bool = True
) -> Preparation:
    """Preparation whose covariate statistics come from the training side alone; unknown (NaN) values are
    left out.

    Raises:
        ValueError: a side that is not the training side: fitting on it would be a leak.
    """
    if train.role != "train":
        raise ValueError(f"A preparation is fitted on the training side; this is the {train.role} side.")
    if not covariates or not train.covariates.shape[1]:
        return Preparation(window, scaling=scaling)
    known = np.ma.masked_invalid(train.covariates.astype(np.float64))
    mean = known.mean(axis=0).filled(0.0)
    std = known.std(axis=0).filled(1.0)
    # A constant column tells nothing; dividing by 1 keeps it finite.
    std[std < 1e-9] = 1.0
    return Preparation(
        window, scaling=scaling, covariate_mean=tuple(mean.tolist()), covariate_std=tuple(std.tolist())
    )
