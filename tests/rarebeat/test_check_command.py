"""`rarebeat check` as a person types it: files, standard input, exit codes, and what it imports."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from rarebeat.check import read_text
from rarebeat.cli import main


def run(*arguments: str, stdin: str | None = None) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, ["check", *arguments], input=stdin)
    return done.exit_code, done.stdout, done.stderr


FOREIGN = """\
program: a.py
method: random
parameters:
  x: {values: [1, 2, 3]}
  y: {values: [a, b]}
"""


def test_the_command_says_fine_and_how_large_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(FOREIGN, encoding="utf-8")
    code, out, err = run(str(path))
    assert (code, out) == (0, "fine: 2 parameters, 2 of them searched, 6 points\n")
    assert "warning: its command is not python -m training.train" in err


def test_the_command_refuses_with_file_line_and_exit_code_2(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(FOREIGN.replace("values: [a, b]", "min: 3, max: 1"), encoding="utf-8")
    code, out, err = run(str(path))
    assert (code, out) == (2, "")
    assert err.splitlines()[0] == f"{path}:5: parameter y: min 3 is not below max 1"


def test_the_command_reads_standard_input() -> None:
    assert run("-", stdin=FOREIGN)[0] == 0
    code, _, err = run("-", stdin=FOREIGN.replace("random", "rendom"))
    assert code == 2
    assert err.splitlines()[0] == "there is no search method 'rendom'; did you mean random?"


def test_the_command_prints_json(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(FOREIGN.replace("method", "methd"), encoding="utf-8")
    code, out, _ = run(str(path), "--json")
    printed = json.loads(out)
    assert (code, printed["fine"]) == (2, False)
    assert {"sentence", "line", "refused"} == printed["problems"][0].keys()


MAPPING = "a sweep is a mapping with method, metric and parameters"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", f": nothing is in it; {MAPPING}"),
        (b"# a comment\n", f": nothing is in it; {MAPPING}"),
        (b"- a\n", f": {MAPPING}"),
        (b"some words\n", f": {MAPPING}"),
        (b"parameters: {a: {value: 1}}\n", ": method is missing; write method: bayes, random or grid"),
        (b"a: 1\n---\nb: 2\n", ":2: this is not YAML: expected a single document in the stream but found"),
        (b"a: b\nc: \x01\n", ":2: this is not YAML: it has the character '\\x01'"),
        (b"a: 2026-13-01\n", ": this is not YAML: month must be in 1..12"),
        (b"\xff\xfe\x00", " is not a text file; a sweep is YAML in UTF-8"),
    ],
)
def test_a_file_that_holds_no_sweep_is_named_in_one_sentence(
    content: bytes, sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(content)
    code, out, err = run(str(path))
    assert (code, out) == (2, "")
    assert err.removeprefix("Error: ").startswith(f"{path}{sentence}")
    assert err.count("\n") == 1


def test_a_windows_editors_file_is_read_like_any_other(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbf# Why?\r\n" + FOREIGN.replace("\n", "\r\n").encode())
    assert run(str(path))[0] == 0
    assert read_text(str(path)).startswith("# Why?")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("missing.yaml", "there is no sweep file "),
        (".", " is a folder; name the sweep file in it"),
        ("a" * 300, " cannot be read: File name too long"),
    ],
)
def test_what_cannot_be_read_is_named_in_one_sentence(name: str, sentence: str, tmp_path: Path) -> None:
    code, out, err = run(str(tmp_path / name))
    assert (code, out) == (2, "")
    assert sentence in err
    assert str(tmp_path) in err
    assert err.count("\n") == 1


def test_standard_input_that_is_no_text_is_called_so() -> None:
    done = CliRunner().invoke(main, ["check", "-"], input=b"\xff\xfe\x00")
    assert (done.exit_code, done.stderr) == (
        2,
        "Error: standard input is no text; a sweep is YAML in UTF-8\n",
    )


def test_a_missing_data_set_is_refused_when_it_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(FOREIGN, encoding="utf-8")
    assert run(str(path), "--data", str(tmp_path / "none.h5"))[0] == 2


def test_importing_the_check_imports_no_tensorflow() -> None:
    heavy = {"tensorflow", "keras", "optuna", "wandb"}
    code = f"import sys, rarebeat.check; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
