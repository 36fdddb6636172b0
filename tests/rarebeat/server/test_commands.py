"""`rarebeat up`, `down` and `status`, as typed."""

import configparser
import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading

import pytest
import requests

from rarebeat.server import daemon
from rarebeat.server.directory import Address, lock, write_address
from rarebeat.server.store import Store


@pytest.fixture
def typed(client):
    """Runs `rarebeat ...` in the client's folder, which has no server yet."""
    yield lambda *words, **env: client.run(["rarebeat", *words], **env)
    daemon.stop(client.folder / ".rarebeat")


def exports(done):
    return dict(line.removeprefix("export ").split("=", 1) for line in done.stdout.splitlines())


def test_up_prints_exports_alone_on_stdout_and_points_the_folder_at_the_server(typed, client):
    (client.folder / "wandb").mkdir()
    (client.folder / "wandb" / "settings").write_text(
        "[default]\nproject = mine\nbase_url = https://elsewhere\n"
    )
    done = typed("up", "--port", "0")
    assert done.returncode == 0, done.stderr
    given = exports(done)
    assert given["WANDB_BASE_URL"].startswith("http://127.0.0.1:")
    assert len(given["WANDB_API_KEY"]) == 40
    assert given["WANDB_ERROR_REPORTING"] == "false"
    settings = configparser.ConfigParser()
    settings.read(client.folder / "wandb" / "settings")
    assert dict(settings["default"]) == {"project": "mine", "base_url": given["WANDB_BASE_URL"]}
    assert (client.folder / ".rarebeat").stat().st_mode & 0o777 == 0o700
    assert (client.folder / ".rarebeat" / "key").stat().st_mode & 0o777 == 0o600


def test_up_twice_says_so_and_prints_the_same_exports(typed):
    first, second = typed("up", "--port", "0"), typed("up", "--port", "0")
    assert (second.returncode, second.stdout) == (0, first.stdout)
    assert "was already running" in second.stderr


def test_up_goes_on_at_the_same_address_after_a_kill(typed, client):
    first = typed("up", "--port", "0")
    os.kill(daemon.running(client.folder / ".rarebeat").pid, signal.SIGKILL)
    assert typed("up").stdout == first.stdout


def test_a_port_in_use_is_one_sentence_and_exit_code_2(typed):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = typed("up", "--port", str(port))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.strip().splitlines() == [
        f"Error: cannot listen on 127.0.0.1:{port} (Address already in use); name another with --port"
    ]


def test_a_second_server_on_a_directory_is_refused_in_one_sentence(typed, client):
    typed("up", "--port", "0")
    command = [sys.executable, "-m", "rarebeat.server", "--dir", ".rarebeat"]
    done = subprocess.run(command, cwd=client.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.strip() == "another server is running on .rarebeat; `rarebeat status` says where"


def test_several_who_start_a_server_at_once_have_one(typed, client):
    starts = [client.start("rarebeat", "up", "--port", "0") for _ in range(4)]
    assert [start.wait(60) for start in starts] == [0, 0, 0, 0]
    said = [path.read_text() for path in sorted(client.folder.glob("*.output"))]
    assert len({line for text in said for line in text.splitlines() if "BASE_URL" in line}) == 1
    assert sum("started" in text for text in said) == 1


def test_status_says_what_is_there_and_down_leaves_it(typed, client):
    assert typed("status").returncode == 2
    given = exports(typed("up", "--port", "0"))
    client.script('import wandb; wandb.init(project="p").finish()', **given)
    assert "runs: finished: 1" in typed("status").stdout
    assert typed("down").returncode == 0
    assert typed("status").stdout.splitlines()[:3] == ["not running", "sweeps: none", "runs: finished: 1"]
    assert "was not running" in typed("down").stderr


@pytest.mark.parametrize(
    "words", [["status"], ["status", "--verify"], ["backup", "copy"], ["keys", "list"], ["up", "--port", "0"]]
)
def test_a_database_that_is_none_is_one_sentence(typed, client, words):
    (client.folder / ".rarebeat").mkdir()
    (client.folder / ".rarebeat" / "tracking.db").write_bytes(b"no database at all" * 500)
    done = typed(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "file is not a database" in done.stderr and done.stderr.count("\n") == 1
    assert not (client.folder / "copy").exists()


def test_a_database_that_is_damaged_inside_is_said_to_be(typed, client):
    database = client.folder / ".rarebeat" / "tracking.db"
    database.parent.mkdir()
    Store(database).connection.close()
    database.write_bytes(database.read_bytes()[:5000] + b"\xff" * 50_000)
    done = typed("status", "--verify")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr and done.stderr.count("\n") == 1


def test_a_server_for_others_demands_the_key_that_it_exports(typed):
    given = exports(typed("up", "--host", "0.0.0.0", "--port", "0"))
    assert given["WANDB_BASE_URL"].startswith("http://127.0.0.1:")
    assert requests.get(given["WANDB_BASE_URL"], timeout=30).status_code == 401
    key = ("api", given["WANDB_API_KEY"])
    assert requests.get(given["WANDB_BASE_URL"], auth=key, timeout=30).status_code == 200


def test_the_commands_need_neither_keras_nor_a_web_server():
    code = (
        "import sys, rarebeat.server.commands; "
        "print({'tensorflow', 'keras', 'uvicorn', 'starlette', 'rarebeat.search'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_in_the_foreground_it_serves_until_it_is_told_to_end(client):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    process = client.start("rarebeat", "up", "--foreground", "--port", port)
    try:
        client.script(
            "import time; from pathlib import Path; from rarebeat.server import daemon\n"
            "while daemon.running(Path('.rarebeat')) is None: time.sleep(0.1)"
        )
        client.script(
            'import wandb; wandb.init(project="p").finish()', WANDB_BASE_URL=f"http://127.0.0.1:{port}"
        )
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
    assert daemon.running(client.folder / ".rarebeat") is None


def test_in_the_foreground_a_port_in_use_changes_nothing(typed, client):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = typed("up", "--foreground", "--port", str(taken.getsockname()[1]))
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot listen on" in done.stderr
    assert not (client.folder / "wandb" / "settings").exists()


def test_settings_that_cannot_be_changed_are_a_warning_and_the_exports_are_printed(typed, client):
    (client.folder / "wandb").mkdir()
    (client.folder / "wandb" / "settings").write_text("base_url without a section\n")
    done = typed("up", "--port", "0")
    assert done.returncode == 0 and "WANDB_BASE_URL" in exports(done)
    assert "wandb/settings could not be written" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["up", "--dir", "file/below"], "below cannot be made: Not a directory; name another with --dir"),
        (["up", "--validator", "a 'quote"], "No closing quotation"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_exit_code_2(typed, client, words, sentence):
    (client.folder / "file").write_text("")
    done = typed(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr and "Traceback" not in done.stderr


def test_an_address_that_another_server_has_by_now_is_not_taken_for_this_one(own_server, tmp_path):
    """A server that is starting holds the lock while its file still tells the address of the last one."""
    other = own_server().server
    mine = tmp_path / "mine"
    mine.mkdir()
    address = Address(other.url, "127.0.0.1", int(other.url.rsplit(":", 1)[1]), pid=other.pid + 1)
    write_address(mine, address)
    held = lock(mine)
    threading.Timer(0.5, held.close).start()
    assert daemon.running(mine) is None


def test_two_who_look_do_not_take_each_other_for_a_server(tmp_path):
    lock(tmp_path).close()
    with (tmp_path / "lock").open() as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        assert daemon.running(tmp_path) is None
