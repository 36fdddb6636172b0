"""What an interval takes: the textbook number, and what patients make of it."""

from __future__ import annotations

import pytest

from data_utils.sample_size import size


def test_one_positive_a_patient_takes_the_textbook_number() -> None:
    # 1.96^2 * 0.25 / 0.05^2 = 384.1, so 385.
    found = size([1] * 400)
    assert (found.positives, found.patients, found.design_effect) == (400, 400, 1.0)
    assert (found.needed_positives, found.needed_patients) == (385, 385)
    assert found.half_width == pytest.approx(1.959964 * (0.25 / 400) ** 0.5)


def test_patients_with_many_positives_tell_less() -> None:
    # 10 patients of 40: D = 1 + 39 * 0.2 = 8.8; 384.146 * 8.8 = 3380.5 positives, 40 a patient.
    found = size([40] * 10, alike=0.2)
    assert found.design_effect == pytest.approx(8.8)
    assert (found.needed_positives, found.needed_patients) == (3381, 85)


def test_one_patient_with_most_counts_as_most_positives_see_it() -> None:
    # sum m^2 / sum m = (100^2 + 10 * 1) / 110 = 91.
    assert size([100] + [1] * 10, alike=1.0).design_effect == pytest.approx(91.0)


def test_wholly_alike_patients_count_as_one_each() -> None:
    assert size([7] * 20, alike=1.0).needed_patients == 385


def test_nobody_tells_nothing() -> None:
    found = size([0, 0])
    assert (found.positives, found.needed_positives, found.needed_patients) == (0, None, None)
    assert found.half_width == 0.5
