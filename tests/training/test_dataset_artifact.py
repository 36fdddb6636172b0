"""A data set that is an artifact: published once, fetched once to a shared cache, and held to its digest."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from requests import HTTPError

from data_utils.dataset import open_dataset
from data_utils.errors import BadInput
from training.dataset_artifact import _download, is_artifact
from training.transfer import load

RAREBEAT = Path(sys.executable).with_name("rarebeat")
FETCH = """
import json, sys, wandb
from data_utils.errors import BadInput
from training.dataset_artifact import dataset_path

with wandb.init(project="data-tests") as run:
    said = []
    for data in sys.argv[1:]:
        try:
            said.append(str(dataset_path(run, data)))
        except BadInput as error:
            said.append("refused: " + str(error))
used = [one.name for one in wandb.Api().run(run.path).used_artifacts()]
print(json.dumps({"said": said, "used": used}))
"""


def test_a_reference_is_told_from_a_file(tmp_path, monkeypatch):
    assert is_artifact("entity/project/mitdb:v3") and is_artifact("project/mitdb:latest")
    assert not any(map(is_artifact, ("data/mitdb.h5", "mitdb.h5", "/data/a/mitdb:v3", "a/b/c/d:v1")))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "odd:name").touch()
    assert not is_artifact("folder/odd:name")


class Gone:
    """An artifact whose files its server has deleted."""

    def artifact(self, *name, **options):
        return self

    def download(self, root, **options):
        raise HTTPError("404 Client Error: Not Found for url: https://there")


def test_files_that_are_gone_from_the_server_are_told_in_a_sentence(tmp_path, monkeypatch):
    with pytest.raises(BadInput, match=r"The artifact e/p/d:v0 cannot be downloaded to .*: 404 Client Error"):
        _download(Gone(), "e/p/d:v0", tmp_path / "digest")
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr("training.transfer.wandb.Api", Gone)
    with pytest.raises(BadInput, match="init_from e/p/m:v0 cannot be fetched: 404 Client Error"):
        load("e/p/m:v0")


@pytest.fixture(scope="module")
def published(backend, dataset_file, tmp_path_factory):
    """Where the data set is, and a shell of somebody else."""
    folder = tmp_path_factory.mktemp("published")
    environment = {**backend.env, "RAREBEAT_CACHE": str(folder / "cache")}

    def shell(*command):
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)

    done = shell(RAREBEAT, "data", "publish", dataset_file, "data-tests/beats")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), shell, folder


def test_a_published_data_set_is_fetched_once_and_noted_as_the_runs_input(published, dataset_file):
    reference, shell, folder = published
    assert reference.endswith("data-tests/beats:v0")

    done = shell(sys.executable, "-c", FETCH, reference, "data-tests/beats:latest", "data-tests/no:v0")
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    first, second, missing = seen["said"]

    assert first == second and first.startswith(str(folder / "cache" / "datasets"))
    assert open_dataset(first).digest == open_dataset(dataset_file).digest
    assert seen["used"] == ["beats:v0"]
    assert missing.startswith("refused: There is no file and no W&B artifact data-tests/no:v0")


def test_what_was_changed_or_is_sealed_is_not_published(published, dataset_file, tmp_path):
    _, shell, _ = published
    changed = tmp_path / "changed.h5"
    content = bytearray(dataset_file.read_bytes())
    content[open_dataset(dataset_file).samples.offset + 100] ^= 1
    changed.write_bytes(content)

    for file, reason in (
        (changed, "has been changed since it was built"),
        (dataset_file.with_suffix(".test.h5"), "is the sealed test side, which stays here"),
    ):
        done = shell(RAREBEAT, "data", "publish", file, "data-tests/other")
        assert done.returncode == 2
        assert reason in done.stderr
