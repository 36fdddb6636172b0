"""Processes killed with kill -9: of a run, of an agent, of the server."""

import contextlib
import os
import signal
import subprocess
import textwrap
import time
from dataclasses import replace

import pytest
import requests

from rarebeat.server import daemon

SLOW_AT_FIRST = """
    import os, time, wandb
    with wandb.init() as run:
        first = not os.path.exists(f"started-{run.id}")
        open(f"started-{run.id}", "w").close()
        run.log({"best/x": 100.0 if first else 1.0, "first": first})
        while first and run.config.x == 1:
            open("pid", "w").write(f"{os.getpid()} {run.id}")
            time.sleep(0.1)
"""
YAML = """
    method: grid
    metric: {name: best/x, goal: minimize}
    parameters:
      x: {values: [1, 2]}
    command: ["${env}", "${interpreter}", train.py]
"""


def _hanging(client, eventually):
    """Process and run id of the run that waits to be killed."""
    path = client.folder / "pid"
    pid, run = eventually(lambda: path.exists() and path.read_text().split(), "a run that hangs")
    path.unlink(missing_ok=True)
    return int(pid), run


def _runs(client, path):
    return {run["config"]["x"]: run for run in client.sweep_runs(path)["runs"]}


def test_a_killed_training_process_is_tried_again_and_the_sweep_goes_on(own_server, eventually):
    client = own_server().client
    path = client.sweep(YAML, SLOW_AT_FIRST)
    agent = client.agent(path)
    pid, run = _hanging(client, eventually)
    os.kill(pid, signal.SIGKILL)
    assert agent.wait(60) == 0
    found = client.sweep_runs(path)
    assert found["state"] == "FINISHED" and len(found["runs"]) == 2
    tried = _runs(client, path)[1]
    assert (tried["id"], tried["state"], tried["summary"]["best/x"]) == (run, "finished", 1.0)
    rows = client.script(f"""
        import json, wandb
        run = wandb.Api().run("{path.rsplit("/", 1)[0]}/{run}")
        print(json.dumps([row["first"] for row in run.history(pandas=False)]))
    """)
    assert rows == [False]  # what the lost attempt logged is gone


def test_the_run_of_a_killed_agent_goes_to_another_agent(own_server, eventually):
    client = own_server(crash_after=3).client
    path = client.sweep(YAML.replace("[1, 2]", "[1]"), SLOW_AT_FIRST)
    agent = client.agent(path)
    pid, run = _hanging(client, eventually)
    agent.kill()
    agent.wait()
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: _runs(client, path)[1]["state"] == "crashed", "seen as crashed")
    assert client.agent(path).wait(60) == 0
    again = _runs(client, path)[1]
    assert (again["id"], again["state"]) == (run, "finished")


def test_a_sweep_survives_a_server_that_is_killed_and_started_again(own_server, eventually):
    served = own_server()
    client = served.client
    train = """
        import time, wandb
        with wandb.init() as run:
            for step in range(30):
                run.log({"best/x": run.config.x, "step": step})
                time.sleep(0.1)
    """
    path = client.sweep(YAML, train)
    agents = [client.start("wandb", "agent", path) for _ in range(2)]
    eventually(lambda: len(client.sweep_runs(path)["runs"]) == 2, "two runs under way")
    os.kill(served.server.pid, signal.SIGKILL)
    served.again()
    assert served.server.started and served.server.url == client.env["WANDB_BASE_URL"]
    assert [agent.wait(100) for agent in agents] == [0, 0]
    found = client.sweep_runs(path)
    assert found["state"] == "FINISHED"
    assert [run["state"] for run in found["runs"]] == ["finished", "finished"]
    counts = client.script(f"""
        import json, wandb
        print(json.dumps([len(list(run.scan_history())) for run in wandb.Api().sweep({path!r}).runs]))
    """)
    assert counts == [30, 30]


CAPPED = """
    method: random
    metric: {name: best/x, goal: minimize}
    run_cap: 8
    parameters:
      x: {min: 0.0, max: 1.0}
    command: ["${env}", "${interpreter}", train.py]
"""


@pytest.mark.slow
def test_a_sweep_of_four_agents_survives_a_server_that_is_killed_twice(own_server, eventually):
    served = own_server()
    client = served.client
    train = """
        import time, wandb
        with wandb.init() as run:
            for step in range(20):
                run.log({"best/x": run.config.x, "step": step})
                time.sleep(0.1)
    """
    path = client.sweep(CAPPED, train)
    agents = [client.agent(path) for _ in range(4)]
    for runs in (3, 6):
        eventually(lambda: len(client.sweep_runs(path)["runs"]) >= runs, f"{runs} runs")  # noqa: B023
        acknowledged = _rows_of(client, path)
        os.kill(served.server.pid, signal.SIGKILL)
        served.again()
        assert served.server.started and served.server.url == client.env["WANDB_BASE_URL"]
        kept = _rows_of(client, path)
        assert {name: rows for name, rows in acknowledged.items() if kept.get(name, 0) < rows} == {}
    assert [agent.wait(120) for agent in agents] == [0, 0, 0, 0]
    found = client.sweep_runs(path)
    assert found["state"] == "FINISHED"
    assert [run["state"] for run in found["runs"]] == ["finished"] * 8
    assert len({run["config"]["x"] for run in found["runs"]}) == 8
    assert list(_rows_of(client, path).values()) == [20] * 8


def _rows_of(client, path):
    """How many rows of each run the server has."""
    return client.script(f"""
        import json, wandb
        runs = wandb.Api().sweep({path!r}).runs
        print(json.dumps({{run.id: len(list(run.scan_history())) for run in runs}}))
    """)


@pytest.mark.slow
def test_half_a_minute_without_a_server_costs_no_row_and_the_agent_goes_on(own_server, eventually):
    served = own_server()
    client = served.client
    train = """
        import time, wandb
        with wandb.init() as run:
            for step in range(150):
                run.log({"best/x": run.config.x, "step": step})
                time.sleep(0.1)
    """
    path = client.sweep(YAML, train)
    agent = client.agent(path)
    eventually(lambda: sum(_rows_of(client, path).values()) > 10, "a run under way")
    daemon.stop(served.directory)
    time.sleep(30)
    served.again()
    assert agent.wait(200) == 0
    found = client.sweep_runs(path)
    assert [run["state"] for run in found["runs"]] == ["finished", "finished"]
    assert list(_rows_of(client, path).values()) == [150, 150]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 8 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "none", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root can mount a small file system")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.slow
def test_a_full_disk_is_waited_for_and_nothing_is_lost_or_broken(client, small_disk, eventually):
    directory = small_disk / "server"
    server = daemon.start(directory)
    client = replace(client, env={**client.env, **server.environment})
    (client.folder / "train.py").write_text(
        textwrap.dedent("""
            import os, time, wandb
            with wandb.init(project="p", id="kept") as run:
                run.log({"step": 0})
                while not os.path.exists("full"):
                    time.sleep(0.1)
                open("weights.bin", "wb").write(bytes(range(256)) * 8192)  # 2 MB
                run.save("weights.bin", policy="now")
                for step in range(1, 200):
                    run.log({"step": step, "text": "x" * 5000})
                    time.sleep(0.02)
        """)
    )
    try:
        process = client.start("python", "train.py")
        eventually(lambda: "kept" in _runs_of_project(client), "a run under way")
        _fill(small_disk / "filler")
        (client.folder / "full").touch()
        log = directory / "server.log"
        eventually(lambda: (small_disk / "filler").stat().st_size > 0 and _fails(server), "a full disk")
        time.sleep(8)
        assert process.poll() is None, "the client gave up"
        (small_disk / "filler").unlink()
        assert process.wait(150) == 0, log.read_text()[-2000:]
        steps, size = client.script("""
            import json, wandb
            run = wandb.Api().run("local/p/kept")
            steps = [row["step"] for row in run.scan_history()]
            print(json.dumps([steps, run.file("weights.bin").size]))
        """)
        assert (steps, size) == (list(range(200)), 256 * 8192)
        verified = client.run(["rarebeat", "status", "--verify", "--dir", str(directory)])
        assert verified.returncode == 0, verified.stdout
    finally:
        daemon.stop(directory)


def _fill(path):
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


def _fails(server):
    query = {"query": 'mutation { upsertBucket(input: {name: "n", modelName: "p"}) { bucket { id } } }'}
    return requests.post(f"{server.url}/graphql", json=query, timeout=30).status_code == 503


def _runs_of_project(client):
    return client.script("""
        import json, wandb
        try:
            print(json.dumps([run.id for run in wandb.Api().runs("local/p")]))
        except ValueError:
            print("[]")
    """)


def test_a_run_keeps_every_row_over_a_restart_of_the_server(own_server, eventually):
    served = own_server()
    client = served.client
    (client.folder / "train.py").write_text(
        textwrap.dedent("""
            import os, time, wandb
            with wandb.init(project="p", id="kept") as run:
                for step in range(60):
                    run.log({"step": step})
                    if step == 20:
                        open("half", "w").close()
                    time.sleep(0.05)
        """)
    )
    process = client.start("python", "train.py")
    eventually((client.folder / "half").exists, "half way")
    os.kill(served.server.pid, signal.SIGKILL)
    served.again()
    assert process.wait(90) == 0
    steps = client.script("""
        import json, wandb
        print(json.dumps([row["step"] for row in wandb.Api().run("local/p/kept").scan_history()]))
    """)
    assert steps == list(range(60))


def test_a_preempted_run_is_resumed_and_keeps_its_history(client):
    train = """
        import sys, wandb
        with wandb.init(resume="allow") as run:
            run.log({"best/x": 1, "step": run.starting_step})
            if not run.resumed:
                run.mark_preempting()
                sys.exit(1)
    """
    path = client.sweep(YAML.replace("[1, 2]", "[1]"), train)
    assert client.agent(path).wait(90) == 0
    [run] = client.sweep_runs(path)["runs"]
    assert run["state"] == "finished"
    rows = client.script(f"""
        import json, wandb
        [run] = wandb.Api().sweep({path!r}).runs
        print(json.dumps([row["step"] for row in run.scan_history()]))
    """)
    assert rows == [0, 1]
