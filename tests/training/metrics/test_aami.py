"""The beat literature's measures by hand."""

import numpy as np
import pytest

from training.metrics import aami_table, full_measures, jk_index
from training.metrics.overall import cohen_kappa

CLASSES = ("N", "S", "V", "F", "Q")
# True by decided.
TABLE = np.array(
    [
        [900, 40, 50, 8, 2],
        [20, 60, 15, 3, 2],
        [10, 5, 180, 4, 1],
        [3, 2, 6, 9, 0],
        [1, 4, 5, 0, 10],
    ]
)


def beats(table):
    true, decided = np.divmod(np.repeat(np.arange(25), table.ravel()), 5)
    return np.eye(5, dtype="uint8")[true], np.eye(5, dtype=bool)[decided]


def test_fusion_beats_called_v_and_unknown_beats_called_s_or_v_are_no_mistakes():
    measures = aami_table(*beats(TABLE), CLASSES)

    # V: 180 of 200 found; false alarms 50 N and 15 S, not 6 F and 5 Q. All that is not V and not called V is
    # 1,140 beats less 50 + 15 + 6 + 5.
    assert measures["V"] == {
        "se": pytest.approx(180 / 200),
        "ppv": pytest.approx(180 / (180 + 65)),
        "fpr": pytest.approx(65 / (65 + 1140 - 76)),
    }
    # S: 60 of 100; false alarms 40 N, 5 V and 2 F, not 4 Q.
    assert measures["S"] == {
        "se": pytest.approx(0.6),
        "ppv": pytest.approx(60 / (60 + 47)),
        "fpr": pytest.approx(47 / (47 + 1240 - 51)),
    }


def test_the_jk_index_is_half_of_kappa_and_an_eighth_of_the_four():
    targets, decisions = beats(TABLE)

    j = 0.6 + 60 / 107 + 0.9 + 180 / 245
    assert jk_index(targets, decisions, CLASSES) == pytest.approx(cohen_kappa(TABLE) / 2 + j / 8)


def test_perfect_beats_have_a_jk_of_1():
    targets, _ = beats(TABLE)

    full = full_measures(targets, targets * 1.0, targets == 1, CLASSES, "multiclass")

    assert full.overall["jk_index"] == pytest.approx(1)
    assert full.aami["V"] == {"se": 1, "ppv": 1, "fpr": 0}


def test_without_s_and_v_there_is_no_table_and_no_index():
    targets = np.eye(2, dtype="uint8")

    assert aami_table(targets, targets == 1, ("N", "V")) == {}
    assert jk_index(targets, targets == 1, ("N", "V")) is None
