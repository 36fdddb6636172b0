"""`rarebeat data` as a person types it."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from data_utils.layout import test_path as sealed_path
from data_utils.summary import LeftOut
from data_utils.write import BeatRows, Description, writing
from rarebeat.cli import main
from rarebeat.show_dataset import _Counts


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["data", *map(str, arguments)])


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "sim.h5"
    result = _run("simulate", "--out", path, "--patients", 12, "--minutes", 1)
    assert result.exit_code == 0, result.output
    return path


def test_simulate_says_what_it_wrote(simulated: Path) -> None:
    assert simulated.is_file() and sealed_path(simulated).is_file()


def test_show_says_loudly_that_beats_are_simulated(simulated: Path) -> None:
    result = _run("show", simulated)
    assert result.exit_code == 0
    assert "SIMULATED beats" in result.output
    for title in ("By split", "By fold", "By recording", "Left out"):
        assert title in result.output


def test_show_never_opens_the_sealed_file(simulated: Path) -> None:
    sealed = sealed_path(simulated)
    away = sealed.rename(sealed.with_suffix(".away"))
    try:
        result = _run("show", simulated, "--json")
    finally:
        away.rename(sealed)
    assert json.loads(result.stdout)["splits"]["test"]["patients"] >= 2
    refused = _run("show", sealed)
    assert refused.exit_code == 2 and "is sealed" in refused.output


def test_show_names_every_class_where_a_column_for_each_is_too_wide(
    simulated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    shown = _run("show", simulated).output
    data = json.loads(_run("show", simulated, "--json").stdout)
    for name in data["classes"]:
        counts = "".join(rf" +│ +{split['classes'][name]:,}" for split in data["splits"].values())
        assert re.search(rf"│ {name}{counts} │", shown), name


def test_a_page_that_cannot_be_written_is_refused_before_the_file_is_read(
    simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data_utils.dataset.verify", lambda _: pytest.fail("the whole file was read"))
    refused = _run("show", simulated, "--verify", "--html", tmp_path)
    assert (refused.exit_code, "it is a folder" in refused.output) == (2, True)


def test_ten_folds_that_are_too_wide_for_a_row_per_class_keep_their_counts() -> None:
    names = [f"CLASS_{i}" for i in range(9)]
    rows = [([str(fold), "9", "100"], dict.fromkeys(names, 1000 + fold)) for fold in range(10)]
    console = Console(width=80, file=io.StringIO())
    folds = _Counts("By fold", ["fold", "patients", "rows"], rows, few=True)
    console.print(folds.drawn(names, console))
    said = " ".join(re.findall(r"\w+ [\d,]+", console.file.getvalue()))
    for cells, counts in rows:
        assert all(f"{name} {counts[name]:,}" in said for name in names), cells


def test_show_as_json_adds_up(simulated: Path) -> None:
    shown = json.loads(_run("show", simulated, "--json", "--verify").stdout)
    assert shown["simulated"] and shown["groups_known"] and shown["verified"]
    for name in shown["classes"]:
        by_record = sum(each["classes"][name] for each in shown["recordings"])
        by_split = sum(each["classes"][name] for each in shown["splits"].values())
        by_fold = sum(each["classes"][name] for each in shown["folds"])
        assert by_record == by_split == shown["totals"]["files"][name] == shown["totals"]["all"][name]
        assert by_fold == by_split - shown["splits"]["test"]["classes"][name]


def test_a_long_list_is_cut_in_the_terminal_and_whole_as_json(tmp_path: Path) -> None:
    description = Description(
        "multiclass", ("A", "B"), ("A", "B"), ("I",), 1.0, (), "test", "none", False, True, {}
    )
    one = BeatRows(np.array([-1]), np.array([[1, 0]], np.uint8), np.zeros((1, 0), np.float32))
    with writing(tmp_path / "x.h5", description) as writer:
        for n in range(1100):
            writer.add(f"r{n}", f"p{n}", "train" if n else "validation", np.full((1, 1), n), one)
        left_out = [LeftOut(f"x{n}", "bad [/file]", 1, {"A": 1}) for n in range(61)]
        writer.finish({f"p{n}": n % 2 for n in range(1100)}, left_out)

    shown = _run("show", tmp_path / "x.h5").output
    assert "r59 " in shown and "r60 " not in shown and "and 1,040 more (--json has all)" in shown
    assert "x59 " in shown and "x60 " not in shown and "and 1 more (--json has all)" in shown
    assert "bad [/file]" in shown  # no markup
    whole = json.loads(_run("show", tmp_path / "x.h5", "--json").stdout)
    assert len(whole["recordings"]) == 1100 and len(whole["left_out"]) == 61
    assert whole["totals"]["left_out"] == {"A": 61}


def test_verify_finds_a_change(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    _run("simulate", "--out", path, "--patients", 12, "--minutes", 1)
    with h5py.File(path, "r+") as file:
        file["samples"][5, 0] += 1
    result = _run("show", path, "--verify")
    assert result.exit_code == 2 and "has been changed" in result.output
    assert _run("show", path).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("show", "{}/none.h5"), "There is no data file"),
        (("build", "mitdb", "--from", "{}/none", "--out", "{}/x.h5"), "There is no folder"),
        (("build", "mitdb", "--from", "{}", "--out", "{}/x.h5"), "has no MIT-BIH record"),
        (("simulate", "--out", "{}/x.h5", "--patients", "2"), "12 patients or more"),
        (("build", "ptb", "--out", "{}/x.h5"), "There is no source 'ptb'"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(tmp_path: Path, arguments: tuple, sentence: str) -> None:
    result = _run(*(argument.format(tmp_path) for argument in arguments))
    assert result.exit_code == 2
    assert sentence in result.output
    assert "Traceback" not in result.output
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_not_replaced_unasked(simulated: Path) -> None:
    result = _run("simulate", "--out", simulated)
    assert result.exit_code == 2 and "is there already" in result.output


def test_a_terminated_build_leaves_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rarebeat", "data", "simulate", "--out", str(tmp_path / "x.h5")]
    command[1:3] = ["-c", "from rarebeat.cli import main; main()"]
    process = subprocess.Popen([*command, "--patients", "300", "--minutes", "60"])
    deadline = time.monotonic() + 30
    while not list(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert list(tmp_path.iterdir())
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(timeout=30) == 143
    assert list(tmp_path.iterdir()) == []


def test_the_data_side_imports_no_tensorflow_and_no_wfdb() -> None:
    program = (
        "import sys, data_utils.loader, data_utils.samplers, data_utils.simulate\n"
        "import rarebeat.data, rarebeat.show_dataset\n"
        "heavy = {'tensorflow', 'keras', 'wandb', 'wfdb', 'sklearn', 'pandas'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
