"""Processes killed with kill -9: of a run, of an agent, of the server."""

import os
import signal
import textwrap

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
