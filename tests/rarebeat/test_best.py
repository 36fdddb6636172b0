"""Where a model may be written, and what is there when it could not be."""

import errno
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
import requests

from data_utils.errors import BadInput
from rarebeat import best
from rarebeat.backend import client_errors
from rarebeat.best import _file_errors, check_folder, download_model, replace_model
from training.card import MODEL, NAME


def test_a_folder_below_a_file_is_refused_before_anything_is_trained(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="is no folder that you may write to"):
        check_folder(tmp_path / "file" / "best")


@pytest.mark.parametrize(
    ("folder", "sentence"),
    [
        ("/proc/best", "is no folder that you may write to"),
        ("/", "so it is no model folder"),
        (".", "is the folder that you are in"),
        ("a" * 300, "cannot be written: File name too long"),
    ],
)
def test_a_place_where_no_model_could_be_put_is_refused(tmp_path, monkeypatch, folder, sentence):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match=sentence):
        check_folder(Path(folder))


def test_a_folder_that_is_not_there_yet_and_a_model_folder_will_do(tmp_path):
    check_folder(tmp_path / "runs" / "best")
    (tmp_path / "card.json").write_text("{}")
    check_folder(tmp_path)


def test_a_model_that_cannot_be_replaced_stays(tmp_path):
    (tmp_path / "best").mkdir()
    (tmp_path / "best" / "card.json").write_text("old")
    with pytest.raises(FileNotFoundError):
        replace_model(tmp_path / "never-downloaded", tmp_path / "best")
    assert (tmp_path / "best" / "card.json").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["best"]


def test_a_model_replaces_what_a_link_leads_to(tmp_path, monkeypatch):
    """As where runs/best lies on another disk."""

    def download(root: str, **_: object) -> None:
        for name in (MODEL, NAME):
            (Path(root) / name).write_text("new")

    monkeypatch.setattr(best, "write_point", lambda *_: None)
    monkeypatch.setattr(best, "read_card", lambda _: {})
    (tmp_path / "disk" / "best").mkdir(parents=True)
    (tmp_path / "best").symlink_to(tmp_path / "disk" / "best")
    download_model(SimpleNamespace(name="m", download=download, verify=lambda root: None), tmp_path / "best")
    assert (tmp_path / "best").is_symlink()
    assert (tmp_path / "disk" / "best" / NAME).read_text() == "new"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["best", "best", NAME, "disk", MODEL]


@pytest.mark.parametrize(
    ("error", "sentence", "exit_code"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "best cannot be written: No space left on device",
            2,
        ),
        (requests.ConnectionError("refused"), "http://server did not do as asked: refused", 1),
        (ConnectionResetError(errno.ECONNRESET, "reset"), "http://server did not do as asked", 1),
    ],
)
def test_the_disk_and_the_network_are_told_apart(tmp_path, error, sentence, exit_code):
    told = pytest.raises((BadInput, click.ClickException), match=sentence)
    with told as raised, client_errors("http://server"), _file_errors(tmp_path / "best"):
        raise error
    assert getattr(raised.value, "exit_code", 2) == exit_code
