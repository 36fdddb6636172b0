"""Stored files: kept while something needs them, removed a day later, found when they are damaged."""

import json
import os

import pytest

from rarebeat.server import daemon
from rarebeat.server.blobs import Blobs
from rarebeat.server.store import Store
from rarebeat.server.unused import remove_unused

DAY = 24 * 3600.0


class Kept:
    """A directory's database and files without a server, at a time of the test's own."""

    def __init__(self, directory):
        directory.mkdir(exist_ok=True)
        self.store, self.blobs, self.now = Store(directory / "tracking.db"), Blobs(directory), 0.0
        self.directory = directory

    def upload(self, content):
        with self.blobs.receive() as incoming:
            incoming.write(content)
            blob = self.blobs.keep(incoming)
        os.utime(self.blobs.path(blob.digest), (self.now, self.now))
        return blob

    def attach(self, blob, run="r"):
        """Makes the blob a file of a run, as an upload does."""
        with self.store.write() as db:
            db.execute("INSERT OR IGNORE INTO projects VALUES (1, 'local', 'p', NULL, 0)")
            db.execute(
                "INSERT OR IGNORE INTO runs (project_id, name, state, created_at, heartbeat_at) "
                "VALUES (1, ?, 'finished', 0, 0)",
                (run,),
            )
            db.execute(
                "INSERT OR IGNORE INTO blobs (digest, md5, size, created_at) VALUES (?, ?, ?, 0)",
                (blob.digest, blob.md5, blob.size),
            )
            db.execute(
                "INSERT INTO files (run_id, name, blob, updated_at) "
                "SELECT id, ?, ?, 0 FROM runs WHERE name = ?",
                (blob.digest, blob.digest, run),
            )

    def forget(self, run="r"):
        self.store.connection.execute("DELETE FROM runs WHERE name = ?", (run,))

    def tidy(self, at):
        self.now = at
        return remove_unused(self.store, self.blobs, lambda: at)

    def contents(self):
        return sorted(path.read_bytes() for path in self.blobs.folder.glob("??/*"))


@pytest.fixture
def kept(tmp_path):
    return Kept(tmp_path / "server")


def test_the_file_of_a_deleted_run_goes_a_day_after_it_was_last_needed(kept):
    kept.attach(kept.upload(b"mine"))
    assert kept.tidy(at=10 * DAY) == 0
    kept.forget()
    assert kept.tidy(at=20 * DAY) == 0  # seen to be unused
    assert kept.tidy(at=21 * DAY - 1) == 0
    assert kept.tidy(at=21 * DAY + 1) == 1
    assert kept.contents() == []
    assert kept.store.connection.execute("SELECT count(*) FROM blobs").fetchone()[0] == 0


def test_a_file_that_another_run_needs_stays(kept):
    blob = kept.upload(b"shared")
    kept.attach(blob, "one")
    kept.attach(blob, "two")
    kept.forget("one")
    for day in (10, 12, 14):
        assert kept.tidy(at=day * DAY) == 0
    assert kept.contents() == [b"shared"]


def test_a_file_that_is_needed_again_in_time_stays(kept):
    blob = kept.upload(b"again")
    kept.attach(blob, "one")
    kept.forget("one")
    kept.tidy(at=10 * DAY)
    kept.attach(blob, "two")
    for day in (12, 14):
        assert kept.tidy(at=day * DAY) == 0
    kept.forget("two")
    assert kept.tidy(at=20 * DAY) == 0  # the day begins anew
    assert kept.contents() == [b"again"]


def test_an_upload_that_is_under_way_is_left_alone_and_one_that_broke_off_goes(kept):
    kept.now = 10 * DAY
    kept.upload(b"on its way")
    with kept.blobs.receive() as incoming:
        incoming.write(b"half")
        assert kept.tidy(at=10 * DAY + 60) == 0
        assert incoming.path.exists()
    assert kept.contents() == [b"on its way"]
    assert kept.tidy(at=11 * DAY + 60) == 1
    assert kept.contents() == []


def test_versions_that_share_files_with_a_deleted_one_keep_them(own_server):
    """Of a version made from an earlier one the client uploads only what is new."""
    served = own_server()
    client = served.client
    client.script("""
        import wandb
        with wandb.init(project="p") as run:
            first = wandb.Artifact("m", "model")
            for name in ("a", "b"):
                with first.new_file(name) as file:
                    file.write(f"content {name}")
            run.log_artifact(first).wait()
        with wandb.init(project="p") as run:
            draft = run.use_artifact("m:v0").new_draft()
            with draft.new_file("c") as file:
                file.write("content c")
            draft.remove("b")
            run.log_artifact(draft).wait()
        wandb.Api().artifact("local/p/m:v0").delete(delete_aliases=True)
    """)
    daemon.stop(served.directory)
    kept = Kept(served.directory)
    for path in kept.blobs.folder.glob("??/*"):
        os.utime(path, (0, 0))
    kept.tidy(at=2e9)
    assert kept.tidy(at=2e9 + 2 * DAY) > 0
    assert b"content b" not in kept.contents()
    served.again()
    found = client.script("""
        import json, os, wandb
        folder = wandb.Api().artifact("local/p/m:v1").download("again")
        print(json.dumps({name: open(f"{folder}/{name}").read() for name in os.listdir(folder)}))
    """)
    assert found == {"a": "content a", "c": "content c"}


def test_damaged_files_are_named_with_who_needs_them_and_never_served(own_server):
    served = own_server()
    client = served.client
    client.script("""
        import wandb
        open("cut.txt", "w").write("to be cut")
        open("whole.txt", "w").write("whole")
        with wandb.init(project="p", id="r") as run:
            run.save("cut.txt", policy="now")
            run.save("whole.txt", policy="now")
            artifact = wandb.Artifact("m", "model")
            with artifact.new_file("model.bin") as file:
                file.write("to be turned")
            run.log_artifact(artifact).wait()
    """)
    words = ["rarebeat", "status", "--verify", "--dir", str(served.directory)]
    sound = client.run(words)
    assert sound.returncode == 0 and "every stored file is as it was kept" in sound.stdout
    for path in (served.directory / "blobs").glob("??/*"):
        content = path.read_bytes()
        if content == b"to be cut":
            path.write_bytes(b"to be")
        if content == b"to be turned":
            path.write_bytes(b"turned to be")
    done = client.run(words)
    assert done.returncode == 1
    assert "cut.txt of run local/p/r: the stored file" in done.stdout
    assert "has 5 bytes instead of 9" in done.stdout
    assert "model.bin of artifact local/p/m:v0: the stored file" in done.stdout
    assert "has other bytes than were kept" in done.stdout
    assert "whole.txt" not in done.stdout
    listed = json.loads(client.run([*words, "--json"]).stdout)["damaged"]
    assert sorted(name for damage in listed for name in damage["needed_by"]) == [
        "cut.txt of run local/p/r",
        "model.bin of artifact local/p/m:v0",
    ]
    answer = client.script("""
        import json, requests, wandb
        files = wandb.Api().run("local/p/r").files()
        got = {file.name: requests.get(file.direct_url) for file in files}
        cut, whole = got["cut.txt"], got["whole.txt"]
        print(json.dumps([cut.status_code, whole.status_code, cut.text]))
    """)
    assert answer[:2] == [422, 200]
    assert "cut.txt has 5 bytes instead of 9 on the server" in answer[2]
    client.script("""
        import wandb
        with wandb.init(project="p") as run:
            artifact = wandb.Artifact("other", "model")
            with artifact.new_file("again.txt") as file:
                file.write("to be cut")
            run.log_artifact(artifact).wait()
    """)
    mended = client.run(words)
    assert "cut.txt" not in mended.stdout and "model.bin" in mended.stdout
