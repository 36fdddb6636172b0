"""What is done to a signal before a model sees it: fitted on training rows only, kept in the model's card."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import numpy as np

from data_utils.dataset import Dataset, Side
from data_utils.errors import BadInput
from data_utils.features import FEATURES, feature_names, morphology
from data_utils.windows import Windows, columns, places, ratio

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
        "choices": ["none", "window", "record"],
        "meaning": "none leaves mV; window makes mean 0 and deviation 1 of each window and lead; record "
        "makes median 0 and interquartile range 1 of each recording and lead.",
    },
    "residual": {
        "type": "bool",
        "default": False,
        "meaning": "Whether each lead has a second channel: the window minus the median window of all beats "
        "of its recording. It needs no label.",
    },
    "features": {
        "type": "choice",
        "default": "none",
        "choices": list(FEATURES),
        "meaning": "Numbers of the window that join the covariates: none, or 36 of its morphology for each "
        "lead.",
    },
    "covariates": {
        "type": "bool",
        "default": True,
        "meaning": "Whether the model also sees the file's covariates, such as RR intervals.",
    },
}

# Training rows that features are standardised by.
_ROWS = 4096
SCALINGS = tuple(HYPERPARAMETERS["scaling"]["choices"])


@dataclass(frozen=True)
class Preparation:
    """Enough to turn a stored or a new recording into a model's input.

    Attributes:
        window: seconds that the model sees; 0 is the whole row.
        position: share of the window that lies before the anchor.
        scaling: "none", "window" or "record".
        covariate_mean, covariate_std: one number per covariate of the file, of the training rows, then one
            per feature of the window; none of the first means that the file's covariates are not fed.
        leads: names of the leads that the model sees, in that order; empty is all of the file's.
        crop: seconds, at most, of a whole row in training; 0 is no limit.
        resample_to: Hz of what the model sees; 0 is the file's rate.
        residual: whether each lead has a second channel, the window minus the record's median window.
        features: "none" or "morphology".
    """

    window: float
    position: float = 0.5
    scaling: str = "none"
    covariate_mean: tuple[float, ...] = ()
    covariate_std: tuple[float, ...] = ()
    leads: tuple[str, ...] = ()
    crop: float = 0.0
    resample_to: float = 0.0
    residual: bool = False
    features: str = "none"

    def __post_init__(self) -> None:
        if not self.window >= 0:
            raise ValueError(f"window={self.window} s must be positive, or 0 for whole rows.")
        if self.scaling not in SCALINGS:
            raise ValueError(f"scaling={self.scaling!r} must be one of {', '.join(SCALINGS)}.")
        if self.features not in FEATURES:
            raise ValueError(f"features={self.features!r} must be one of {', '.join(FEATURES)}.")
        if len(self.covariate_mean) != len(self.covariate_std):
            raise ValueError("covariate_mean and covariate_std must have the same length.")

    def length(self, rate: float) -> int | None:
        """Samples T of a window of a file of `rate` Hz; None where every row has its own."""
        return self.samples(self.window, rate) if self.window else None

    def samples(self, seconds: float, rate: float) -> int:
        """Samples that the model sees of so many seconds of a file of `rate` Hz, at least one."""
        up, down = ratio(rate, self.resample_to)
        return max(1, round(seconds * rate * up / down))

    def before(self, rate: float) -> int:
        """Stored samples of a window that lie before its beat."""
        return round(max(1, round(self.window * rate)) * self.position)

    def channels(self, dataset: Dataset) -> int:
        """Channels of the model's signal."""
        return len(self.lead_names(dataset)) * (2 if self.residual else 1)

    def lead_names(self, dataset: Dataset) -> tuple[str, ...]:
        """The leads that the model sees, in its order."""
        return self.leads or dataset.leads

    def covariate_names(self, dataset: Dataset) -> tuple[str, ...]:
        """The numbers that the model sees beside the signal, F of them: the file's, then features."""
        features = self.feature_names(dataset)
        return (dataset.covariates if len(self.covariate_mean) > len(features) else ()) + features

    def feature_names(self, dataset: Dataset) -> tuple[str, ...]:
        """Those of them that are computed from the window."""
        return feature_names(self.lead_names(dataset)) if self.features == "morphology" else ()

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
    residual: bool = False,
    features: str = "none",
) -> Preparation:
    """Preparation whose covariate statistics come from the training side alone; unknown (NaN) values are
    left out.

    Args:
        window, scaling, covariates, leads, crop, resample_to, residual, features: the hyperparameters of
            these names.
    Raises:
        BadInput: leads or a rate that the file does not have, or features of whole rows.
        ValueError: a side that is not the training side: fitting on it would be a leak.
    """
    if train.role != "train":
        raise ValueError(f"A preparation is fitted on the training side; this is the {train.role} side.")
    chosen = tuple(name.strip() for name in leads.split(",")) if leads.strip() else ()
    columns(train.dataset.leads, chosen)
    if features != "none" and not window:
        raise BadInput(f"features={features} needs a window of some seconds, but window is 0.")
    unfitted = Preparation(
        window,
        scaling=scaling,
        leads=chosen or train.dataset.leads,
        crop=crop,
        resample_to=resample_to,
        residual=residual,
        features=features,
    )
    of_file = _statistics(train.covariates if covariates else train.covariates[:, :0])
    of_window = _statistics(_some_features(train, unfitted)) if features != "none" else ((), ())
    return replace(
        unfitted, covariate_mean=of_file[0] + of_window[0], covariate_std=of_file[1] + of_window[1]
    )


def _some_features(train: Side, preparation: Preparation) -> np.ndarray:
    """(n, F) of training rows evenly over the side: enough for a mean within 2 % of a deviation."""
    rate = train.dataset.rate
    windows = Windows(train.dataset, preparation.leads, preparation.resample_to)
    begin, low, high = places(train, preparation.before(rate))
    some = np.unique(np.linspace(0, len(train) - 1, _ROWS).round().astype(np.int64))
    length = preparation.length(rate)
    parts = (windows.cut(begin[rows], low[rows], high[rows], length) for rows in np.array_split(some, 64))
    return np.concatenate([morphology(cut.signal, windows.rate) for cut in parts if len(cut.signal)])


def _statistics(values: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of each column of (n, F), over what is known."""
    known = np.ma.masked_invalid(values.astype(np.float64))
    mean = known.mean(axis=0).filled(0.0)
    std = known.std(axis=0).filled(1.0)
    # A constant column tells nothing; dividing by 1 keeps it finite.
    std[std < 1e-9] = 1.0
    return tuple(mean.tolist()), tuple(std.tolist())
