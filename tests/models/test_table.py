"""The table of costs in models/README.md is what the command prints."""

from pathlib import Path

import pytest

import models
from models.registry import BUILDERS
from models.table import ROWS, table

README = (Path(models.__file__).parent / "README.md").read_text()


@pytest.mark.parametrize(
    "rows",
    [
        [("mlp", {}), ("cnn", {}), ("cnn_attention", {})],
        pytest.param(ROWS, marks=pytest.mark.slow),
    ],
    ids=["quick", "all"],
)
def test_the_table_in_the_readme_is_current(rows):
    for line in table(rows).splitlines():
        assert line in README


def test_every_builder_has_a_row_and_a_line_on_what_it_is_for():
    assert {name for name, _ in ROWS} == set(BUILDERS)
    for name in BUILDERS:
        assert f"| `{name}` | " in README
