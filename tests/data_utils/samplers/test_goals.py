"""What `sampler_target` asks for, by hand; 900, 90 and 10 rows."""

import pytest

from data_utils.errors import BadInput
from data_utils.samplers.goals import cut, raised

COUNTS = {0: 900, 1: 90, 2: 10}
CLASSES = ("N", "S", "V")


@pytest.mark.parametrize(
    ("target", "rows"),
    [
        ("auto", [900, 900, 900]),
        ("majority", [900, 900, 900]),
        ("1.0", [900, 900, 900]),
        ("0.5", [900, 450, 450]),
        (0.5, [900, 450, 450]),
        ("200", [900, 200, 200]),
        ("50", [900, 90, 50]),
        ("2000", [2000, 2000, 2000]),
        ("S=2000, V=0.5", [900, 2000, 450]),
        ({"V": "majority"}, [900, 90, 900]),
    ],
)
def test_raising(target, rows):
    assert list(raised(target, COUNTS, CLASSES).values()) == rows


@pytest.mark.parametrize(
    ("target", "rows"),
    [
        ("auto", [10, 10, 10]),
        ("0.05", [45, 45, 10]),
        ("100", [100, 90, 10]),
        ("N=180", [180, 90, 10]),
        ({"N": 0.2, "S": 20}, [180, 20, 10]),
    ],
)
def test_cutting(target, rows):
    assert list(cut(target, COUNTS, CLASSES).values()) == rows


def test_a_stratum_without_a_name_is_raised_and_cut_with_the_rest():
    assert raised("majority", {0: 5, 3: 2}, CLASSES) == {0: 5, 3: 5}
    assert cut("auto", {0: 5, 3: 2}, CLASSES) == {0: 2, 3: 2}


@pytest.mark.parametrize(
    ("goals", "target", "counts", "sentence"),
    [
        (
            raised,
            "minority",
            COUNTS,
            "sampler_target=minority cannot be read: write auto, majority, a number",
        ),
        (raised, "-3", COUNTS, "cannot be read"),
        (raised, "2.5", COUNTS, "cannot be read"),
        (raised, "nan", COUNTS, "cannot be read"),
        (raised, "S=2000,V", COUNTS, "cannot be read"),
        (raised, "S=lots", COUNTS, "cannot be read"),
        (raised, "F=100", COUNTS, "names F, which is no class of this file: N, S, V"),
        (raised, "S=50", COUNTS, "is 50 for S, which has 90 training rows already: .* undersample"),
        (raised, "V=50", {0: 900, 1: 90}, "names V, which has no training rows"),
        (cut, "majority", COUNTS, "cuts nothing: the most frequent class has 900 training rows"),
        (cut, "900", COUNTS, "cuts nothing"),
        (cut, "S=100", COUNTS, "is 100 for S, which has only 90 training rows: .* oversample"),
    ],
)
def test_what_makes_no_sense_is_refused(goals, target, counts, sentence):
    with pytest.raises(BadInput, match=sentence):
        goals(target, counts, CLASSES)
