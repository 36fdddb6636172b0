"""The peer: scikit-learn's histogram gradient boosting on RR and the beat minus its record's median beat."""

from __future__ import annotations

import numpy as np
from real_data.fold_runs import Curves, Kept
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import average_precision_score

from data_utils.dataset import Dataset, Side
from data_utils.loader import Examples
from data_utils.preparation import Preparation, fit_preparation

# Its own default of rounds, and how often it is looked at.
ROUNDS, STEP = 100, 5
WINDOW, RATE = 0.8, 120.0


def table(examples: Examples) -> np.ndarray:
    """(n, 7 + T): the RR covariates, and each beat minus the median beat of its record, in mV."""
    parts = []
    for rows in np.array_split(np.arange(len(examples)), len(examples) // 4096 + 1):
        batch = examples.batch(rows)
        leads = batch["signal"].shape[2] // 2
        residual = batch["signal"][:, :, leads:].reshape(len(rows), -1)
        parts.append(np.concatenate([batch["covariates"], residual], axis=1))
    return np.concatenate(parts)


def fitted(
    train: Side, weight: str | None, rounds: int = ROUNDS
) -> tuple[HistGradientBoostingClassifier, Preparation]:
    """Fit it as scikit-learn makes it but for the number of rounds, and return it with its preparation."""
    preparation = fit_preparation(train, WINDOW, resample_to=RATE, residual=True)
    model = HistGradientBoostingClassifier(
        max_iter=rounds, early_stopping=False, class_weight=weight, random_state=0
    )
    return model.fit(table(Examples(train, preparation)), train.targets.argmax(axis=1)), preparation


def curves(dataset: Dataset, folds: int, weight: str | None, kept: Kept) -> Curves:
    """AUPRC by class after every five rounds."""

    def of_fold(fold: int) -> list[dict[str, float]]:
        train, validation = dataset.sides(folds, fold)
        model, preparation = fitted(train, weight)
        inputs, truth = table(Examples(validation, preparation)), validation.targets
        staged = enumerate(model.staged_predict_proba(inputs), start=1)
        return [
            {name: _auprc(truth[:, k] == 1, p[:, k]) for k, name in enumerate(dataset.classes)}
            for rounds, p in staged
            if rounds % STEP == 0
        ]

    peer = {"peer": "HistGradientBoosting", "weight": weight, "rounds": ROUNDS, "step": STEP}
    asked = {**peer, "window": WINDOW, "rate": RATE, "folds": folds, "data": dataset.digest}
    return [kept.get({**asked, "fold": fold}, lambda f=fold: of_fold(f)) for fold in range(folds)]


def left_out(dataset: Dataset, folds: int, rounds: int, kept: Kept) -> np.ndarray:
    """(N, K) probabilities of each row by the fold that was not trained on its patient."""

    def of_fold(fold: int) -> list[list[float]]:
        train, validation = dataset.sides(folds, fold)
        model, preparation = fitted(train, None, rounds)
        return model.predict_proba(table(Examples(validation, preparation))).round(6).tolist()

    p = np.full((len(dataset), len(dataset.classes)), np.nan)
    for fold in range(folds):
        asked = {"peer": "left out", "rounds": rounds, "folds": folds, "fold": fold, "data": dataset.digest}
        p[dataset.sides(folds, fold)[1].rows] = kept.get(asked, lambda f=fold: of_fold(f))
    return p


def _auprc(truth: np.ndarray, p: np.ndarray) -> float:
    return float(average_precision_score(truth, p)) if truth.any() else float("nan")
