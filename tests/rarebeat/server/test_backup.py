"""`rarebeat backup` while clients write, and what is served from the copy."""

import shutil
import textwrap
from pathlib import Path

import pytest

from rarebeat.server import daemon
from rarebeat.server.store import Store

WRITER = textwrap.dedent("""
    import sys, time, wandb
    name = sys.argv[1]
    with wandb.init(project="p", id=name) as run:
        step = 0
        while not __import__("os").path.exists("enough"):
            run.log({"step": step})
            if step % 20 == 0:
                artifact = wandb.Artifact(name, "model")
                with artifact.new_file("step.txt") as file:
                    file.write(f"{name} {step}")
                run.log_artifact(artifact).wait()
                open(f"{name}.artifact", "w").close()
            step += 1
            time.sleep(0.02)
""")
READ = """
    import json, wandb
    api = wandb.Api()
    found = {}
    for run in api.runs("local/p"):
        steps = [row["step"] for row in run.scan_history()]
        folders = [model.download(f"down-{model.name}") for model in run.logged_artifacts()]
        models = [open(folder + "/step.txt").read() for folder in folders]
        found[run.id] = [run.state, steps, models]
    print(json.dumps(found))
"""


def backup(client, directory, destination):
    return client.run(["rarebeat", "backup", "--dir", str(directory), str(destination)])


@pytest.fixture
def directory(tmp_path):
    """What a server without runs leaves behind."""
    folder = tmp_path / "server"
    folder.mkdir()
    Store(folder / "tracking.db")
    return folder


def test_a_backup_made_while_clients_write_is_served_and_whole(own_server, eventually, tmp_path):
    served = own_server()
    client = served.client
    (client.folder / "writer.py").write_text(WRITER)
    writers = [client.start("python", "writer.py", name) for name in ("one", "two")]
    eventually(lambda: len(list(client.folder.glob("*.artifact"))) == 2, "an artifact of each")
    done = backup(client, served.directory, tmp_path / "copy")
    assert done.returncode == 0, done.stderr
    (client.folder / "enough").touch()
    assert [writer.wait(60) for writer in writers] == [0, 0]
    # As after the loss of a disk: what is served now can come from the copy alone.
    daemon.stop(served.directory)
    shutil.rmtree(served.directory)
    try:
        restored = daemon.start(tmp_path / "copy")
        assert (restored.url, restored.key) == (served.server.url, served.server.key)
        found = client.script(READ)
    finally:
        daemon.stop(tmp_path / "copy")
    assert sorted(found) == ["one", "two"]
    for name, (state, steps, models) in found.items():
        assert state == "running"
        assert steps == list(range(len(steps)))
        assert models and all(model.split()[0] == name for model in models)
    assert [path.name for path in tmp_path.glob(".copy*")] == []


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch, lambda path: path.symlink_to("nowhere")])
def test_a_destination_that_is_there_is_refused_in_one_sentence(client, directory, tmp_path, make):
    target = tmp_path / "target"
    make(target)
    done = backup(client, directory, target)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"Error: {target} is there already; name a folder that is not\n"


def test_a_copy_lacks_what_is_damaged_and_says_whose_it_is(own_server, tmp_path):
    served = own_server()
    served.client.script("""
        import wandb
        for name in ("sound", "lost"):
            open("f.txt", "w").write(name)
            with wandb.init(project="p", id=name) as run:
                run.save("f.txt", policy="now")
    """)
    daemon.stop(served.directory)
    [lost] = [p for p in (served.directory / "blobs").glob("??/*") if p.read_bytes() == b"lost"]
    lost.write_bytes(b"lots")
    done = backup(served.client, served.directory, tmp_path / "copy")
    assert done.returncode == 1
    assert "f.txt of run local/p/lost: the stored file" in done.stderr and "has other bytes" in done.stderr
    assert "local/p/sound" not in done.stderr
    contents = {path.read_bytes() for path in (tmp_path / "copy" / "blobs").glob("??/*")}
    assert b"sound" in contents and b"lots" not in contents


def test_a_copy_that_has_no_room_leaves_nothing_and_is_one_sentence(client, directory, tmp_path):
    (tmp_path / "copies").mkdir()
    command = f"ulimit -f 8; exec rarebeat backup --dir {directory} {tmp_path}/copies/copy"
    done = client.run(["bash", "-c", command])
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"Error: {tmp_path}/copies/copy cannot be written: ")
    assert done.stderr.count("\n") == 1
    assert list((tmp_path / "copies").iterdir()) == []
