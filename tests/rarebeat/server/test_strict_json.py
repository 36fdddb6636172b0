import json
import math

import pytest

from rarebeat.server import strict_json
from rarebeat.server.errors import RequestError
from rarebeat.server.graphql import Node


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a":1.5}', {"a": 1.5}),
        ("[NaN, Infinity, -Infinity]", ["NaN", "Infinity", "-Infinity"]),
        ("[1e999, -1e999]", ["Infinity", "-Infinity"]),
        (f"[{'9' * 400}, -{'9' * 400}]", ["Infinity", "-Infinity"]),
        (r'["\ud83d\ude00 \ud800 end"]', ["\U0001f600 \ufffd end"]),
        (r'{"\udfff": 1, "n": NaN}', {"\ufffd": 1, "n": "NaN"}),
        ('{"a": 1, "a": 2}', {"a": 2}),
    ],
)
def test_what_is_read_can_be_written_again_and_read_by_anyone(text, value):
    read = strict_json.parse(text)
    assert read == value
    assert json.loads(strict_json.encode(read), parse_constant=pytest.fail) == value


@pytest.mark.parametrize(
    "text",
    ["", "{", "nan", "[" * 101 + "]" * 101, "[NaN," + "[" * 101 + "]" * 102, "[" * 100_000, b'"\xff"',
     b'"\xed\xa0\x80"', "\ufeff1", '"\x01"', "9" * 5000 + "x"],
)  # fmt: skip
def test_what_is_not_json_or_too_deep_is_refused_with_a_sentence(text):
    with pytest.raises(RequestError, match=r"valid JSON|nested deeper"):
        strict_json.parse(text, "the body")


def test_numbers_beyond_64_bits_stay_numbers():
    assert strict_json.dump([2**70, 0.1]) == f"[{2**70},0.1]"
    assert math.isclose(strict_json.parse(str(2**70)), 2**70)


def test_an_object_that_is_no_json_is_null():
    assert (
        strict_json.encode({"a": [Node("Run", {"secret": 1})], "b": 2**70}) == b'{"a":[null],"b":%d}' % 2**70
    )
    assert strict_json.encode(Node("Run", {"secret": 1})) == b"null"
