"""Every loss equals its paper's formula written out in float64 NumPy, term by term and without
stabilising."""

import numpy as np
import pytest

from training.losses import ClassCounts, build_loss
from training.losses.registry import LOSSES

CLASSES = ("N", "S", "V", "F")
COUNTS = ClassCounts(np.array([900, 60, 30, 10]), np.array([100, 940, 970, 990]), CLASSES)
RNG = np.random.default_rng(1)
LOGITS = RNG.normal(0, 2, (200, 4)).astype("float32")
ONE_HOT = np.eye(4, dtype="uint8")[RNG.integers(0, 4, 200)]
MULTI_HOT = RNG.integers(0, 2, (200, 4)).astype("uint8")
POSITIVES, NEGATIVES = COUNTS.positives.astype(float), COUNTS.negatives.astype(float)


def link_of(logits, link):
    z = np.asarray(logits, np.float64)
    if link == "sigmoid":
        return 1 / (1 + np.exp(-z))
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


def ce(y, z, link, smoothing=0.0):
    """(B,) under softmax, (B, K) under sigmoid."""
    p = link_of(z, link)
    if link == "softmax":
        return -((y * (1 - smoothing) + smoothing / 4) * np.log(p)).sum(axis=1)
    y = y * (1 - smoothing) + smoothing / 2
    return -(y * np.log(p) + (1 - y) * np.log(1 - p))


def prior_logits(link):
    if link == "softmax":
        return np.log(POSITIVES / POSITIVES.sum())
    pi = POSITIVES / (POSITIVES + NEGATIVES)
    return np.log(pi / (1 - pi))


def reference_ce(y, z, link, hp):
    return ce(y, z, link, hp.get("label_smoothing", 0.0)).mean()


def reference_weighted_ce(y, z, link, hp):
    # (N - n) / n, and under softmax scaled to a mean of 1 over the rows that were counted.
    weights = (1000 - POSITIVES) / POSITIVES
    if link == "softmax":
        weights = weights / ((weights * POSITIVES).sum() / POSITIVES.sum())
        return (ce(y, z, link) * weights[y.argmax(axis=1)]).mean()
    return (ce(y, z, link) * np.where(y == 1, weights, 1)).mean()


def reference_focal(y, z, link, hp):
    p = link_of(z, link)
    if link == "softmax":
        true = p[y == 1]
        return ((1 - true) ** hp["gamma"] * -np.log(true)).mean()
    true = np.where(y == 1, p, 1 - p)
    weight = np.where(y == 1, hp["alpha"], 1 - hp["alpha"])
    return (weight * (1 - true) ** hp["gamma"] * -np.log(true)).mean()


def effective(n, beta):
    return (1 - beta) / (1 - beta**n)


def cui(link, beta):
    positive, negative = effective(POSITIVES, beta), effective(NEGATIVES, beta)
    if link == "softmax":
        return 4 * positive / positive.sum(), None
    return 2 * positive / (positive + negative), 2 * negative / (positive + negative)


def weigh(losses, y, weights, link):
    if link == "softmax":
        return losses * weights[0][y.argmax(axis=1)]
    return losses * np.where(y == 1, *weights)


def reference_class_balanced(y, z, link, hp):
    return weigh(ce(y, z, link), y, cui(link, hp["beta"]), link).mean()


def reference_asymmetric(y, z, link, hp):
    p = link_of(z, link)
    q = np.maximum(p - hp["clip"], 0)
    found = (1 - p) ** hp["gamma_pos"] * -np.log(p)
    spared = q ** hp["gamma_neg"] * -np.log(1 - q)
    losses = np.where(y == 1, found, spared)
    return losses.sum(axis=1).mean() if link == "softmax" else losses.mean()


def reference_ldam_drw(y, z, link, hp):
    positive, negative = POSITIVES**-0.25, NEGATIVES**-0.25
    largest = positive.max() if link == "softmax" else max(positive.max(), negative.max())
    z = z - y * hp["margin"] * positive / largest
    if link == "sigmoid":
        z = z + (1 - y) * hp["margin"] * negative / largest
    return ce(y, z, link).mean()


def reference_logit_adjusted(y, z, link, hp):
    return ce(y, z + hp["tau"] * prior_logits(link), link).mean()


def reference_balanced_softmax(y, z, link, hp):
    if link == "softmax":
        weighted = POSITIVES * np.exp(z)
        return -np.log((weighted / weighted.sum(axis=1, keepdims=True))[y == 1]).mean()
    return ce(y, z + prior_logits(link), link).mean()


def reference_distribution_balanced(y, z, link, hp):
    z = z + hp["bias_scale"] * prior_logits(link)
    if link == "softmax":
        return ce(y, z, link).mean()
    with np.errstate(divide="ignore"):
        ratio = (1 / POSITIVES) / (y / POSITIVES).sum(axis=1, keepdims=True)
    weight = 0.1 + 1 / (1 + np.exp(-10 * (ratio - hp["rebalance_mu"])))
    scale = hp["negative_scale"]
    return (weight * (y * np.log(1 + np.exp(-z)) + (1 - y) * np.log(1 + np.exp(scale * z)) / scale)).mean()


def tversky(y, z, link, alpha, beta):
    p = link_of(z, link)
    found, alarms, missed = (y * p).sum(axis=0), ((1 - y) * p).sum(axis=0), (y * (1 - p)).sum(axis=0)
    return (1 - found / (found + alpha * alarms + beta * missed)).mean()


def reference_tversky(y, z, link, hp):
    return tversky(y, z, link, hp["tversky_alpha"], hp["tversky_beta"])


def reference_soft_f1(y, z, link, hp):
    p = link_of(z, link)
    return (1 - 2 * (y * p).sum(axis=0) / (y.sum(axis=0) + p.sum(axis=0))).mean()


CASES = [
    ("ce", {}),
    ("ce", {"label_smoothing": 0.1}),
    ("weighted_ce", {"class_weights": "negatives"}),
    *[("focal", {"gamma": gamma, "alpha": alpha}) for gamma in (0.0, 0.3, 2.0, 5.0) for alpha in (0.1, 0.9)],
    *[("class_balanced", {"beta": beta}) for beta in (0.9, 0.999, 0.9999)],
    ("asymmetric", {"gamma_pos": 0.0, "gamma_neg": 4.0, "clip": 0.05}),
    ("asymmetric", {"gamma_pos": 1.0, "gamma_neg": 0.5, "clip": 0.0}),
    ("asymmetric", {"gamma_pos": 0.5, "gamma_neg": 0.0, "clip": 0.2}),
    ("ldam_drw", {"margin": 0.5}),
    ("ldam_drw", {"margin": 3.0}),
    ("logit_adjusted", {"tau": 1.0}),
    ("logit_adjusted", {"tau": 0.4}),
    ("balanced_softmax", {}),
    ("distribution_balanced", {"rebalance_mu": 0.2, "negative_scale": 2.0, "bias_scale": 0.05}),
    ("distribution_balanced", {"rebalance_mu": 0.5, "negative_scale": 5.0, "bias_scale": 0.3}),
    ("tversky", {"tversky_alpha": 0.3, "tversky_beta": 0.7}),
    ("soft_f1", {}),
]


def value(hp, targets, logits=LOGITS):
    return float(build_loss(hp, COUNTS)(targets, logits))


@pytest.mark.parametrize("link", ["softmax", "sigmoid"])
@pytest.mark.parametrize(("name", "hp"), CASES)
def test_the_loss_is_the_formula_of_its_paper(name, hp, link):
    targets = ONE_HOT if link == "softmax" else MULTI_HOT
    expected = globals()[f"reference_{name}"](targets.astype(float), LOGITS.astype(float), link, hp)

    assert value({"loss": name, "link": link, **hp}, targets) == pytest.approx(expected, rel=1e-5)


def test_every_loss_has_a_reference():
    assert {name for name, _ in CASES} == set(LOSSES)


@pytest.mark.parametrize("link", ["softmax", "sigmoid"])
@pytest.mark.parametrize(
    "hp",
    [
        {"loss": "ce", "label_smoothing": 0.0},
        {"loss": "weighted_ce", "weight_power": 0.0},
        {"loss": "weighted_ce", "class_weights": "S=1"},
        {"loss": "class_balanced", "beta": 0.0},
        {"loss": "ldam_drw", "margin": 0.0},
        {"loss": "logit_adjusted", "tau": 0.0},
    ],
)
def test_without_its_own_term_a_loss_is_cross_entropy(hp, link):
    targets = ONE_HOT if link == "softmax" else MULTI_HOT

    assert value({**hp, "link": link}, targets) == pytest.approx(
        value({"loss": "ce", "link": link}, targets), rel=1e-6
    )


def test_focal_without_gamma_is_cross_entropy():
    focal = value({"loss": "focal", "link": "softmax", "gamma": 0.0}, ONE_HOT)
    assert focal == pytest.approx(value({"loss": "ce", "link": "softmax"}, ONE_HOT), rel=1e-6)

    # Both sides weigh a half.
    focal = value({"loss": "focal", "link": "sigmoid", "gamma": 0.0, "alpha": 0.5}, MULTI_HOT)
    assert 2 * focal == pytest.approx(value({"loss": "ce", "link": "sigmoid"}, MULTI_HOT), rel=1e-6)


def test_asymmetric_without_powers_and_clip_is_binary_cross_entropy():
    plain = {"loss": "asymmetric", "link": "sigmoid", "gamma_pos": 0.0, "gamma_neg": 0.0, "clip": 0.0}

    assert value(plain, MULTI_HOT) == pytest.approx(
        value({"loss": "ce", "link": "sigmoid"}, MULTI_HOT), rel=1e-5
    )


def test_asymmetric_with_equal_powers_is_twice_balanced_focal():
    equal = {"loss": "asymmetric", "link": "sigmoid", "gamma_pos": 2.0, "gamma_neg": 2.0, "clip": 0.0}
    focal = {"loss": "focal", "link": "sigmoid", "gamma": 2.0, "alpha": 0.5}

    assert value(equal, MULTI_HOT) == pytest.approx(2 * value(focal, MULTI_HOT), rel=1e-5)


@pytest.mark.parametrize("link", ["softmax", "sigmoid"])
def test_balanced_softmax_is_logit_adjustment_at_tau_1(link):
    adjusted = {"loss": "logit_adjusted", "link": link, "tau": 1.0}

    assert value({"loss": "balanced_softmax", "link": link}, ONE_HOT) == pytest.approx(
        value(adjusted, ONE_HOT)
    )


@pytest.mark.parametrize("link", ["softmax", "sigmoid"])
def test_tversky_of_two_halves_is_soft_f1(link):
    halves = {"loss": "tversky", "link": link, "tversky_alpha": 0.5, "tversky_beta": 0.5}

    assert value(halves, ONE_HOT) == pytest.approx(value({"loss": "soft_f1", "link": link}, ONE_HOT))


def test_rows_without_positives_have_the_highest_weight_of_the_distribution_balanced_loss():
    hp = {"loss": "distribution_balanced", "link": "sigmoid", "negative_scale": 1.0, "bias_scale": 0.0}
    nothing, logits = np.zeros((1, 4), "uint8"), np.zeros((1, 4), "float32")

    # 0.1 + 1, times log 2 at logits of 0.
    assert value(hp, nothing, logits) == pytest.approx(1.1 * np.log(2), rel=1e-6)
