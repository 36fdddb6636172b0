"""A whole sweep on a machine without any route: nothing is missing, and nothing tries to leave."""

import re
import shutil
import subprocess
import textwrap

import pytest

TRAIN = """
    import wandb
    with wandb.init() as run:
        for step in range(3):
            run.log({"best/x": run.config.x + step})
        artifact = wandb.Artifact(f"model-{run.id}", "model")
        with artifact.new_file("weights.txt") as file:
            file.write(str(run.config.x))
        run.log_artifact(artifact)
"""
YAML = """
    method: bayes
    metric: {name: best/x, goal: minimize}
    run_cap: 2
    parameters:
      x: {min: 0.0, max: 1.0}
    command: ["${env}", "${interpreter}", train.py]
"""
READ = """
    import sys, wandb
    sweep = wandb.Api().sweep(sys.argv[1])
    best = sweep.best_run()
    [artifact] = [a for a in best.logged_artifacts() if a.type == "model"]
    folder = artifact.download("down")
    assert float(open(folder + "/weights.txt").read()) == best.config["x"]
    print(sweep.state, [run.state for run in sweep.runs])
"""
# The vendor's agent, which looks after its runs more often than every five seconds.
AGENT = """
    import sys
    from wandb.cli.cli import cli
    from wandb.wandb_agent import Agent
    Agent.POLL_INTERVAL = 0.5
    cli(["agent", sys.argv[1]])
"""
# Only the exports of `rarebeat up` tell the client what to do.
SCRIPT = """
    set -e
    ip link set lo up
    eval "$(rarebeat up --port 0 --validator '')"
    trap 'rarebeat down' EXIT
    path=$(wandb sweep --project p sweep.yaml 2>&1 | sed -n 's/.*wandb agent //p')
    python agent.py "$path"
    python read.py "$path"
"""
CONNECT = re.compile(r'sa_family=AF_INET6?,.*?inet_(?:addr\(|pton\(AF_INET6, )"([^"]+)"')


@pytest.fixture
def isolated(client):
    """Runs a bash script where loopback is the only interface; gives what it did and whom it asked for."""
    alone = ["unshare", "--map-root-user", "--net"]
    if shutil.which("unshare") is None or shutil.which("ip") is None or _fails([*alone, "true"]):
        pytest.skip("a network of its own is not permitted here")
    trace = client.folder / "trace"
    # Names are looked up by asking a server, so that a connection tells of these too.
    traced = [
        "strace",
        "--follow-forks",
        "--seccomp-bpf",
        "--trace=connect,sendto,sendmsg,sendmmsg",
        "--output",
        str(trace),
    ]
    ours = ("WANDB_", "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy")
    env = {name: value for name, value in client.env.items() if not name.startswith(ours)}

    def run(script):
        prefix = [*alone, *(traced if shutil.which("strace") else [])]
        (client.folder / "script.sh").write_text(textwrap.dedent(script))
        done = type(client)(client.folder, env).run([*prefix, "bash", "script.sh"])
        return done, set(CONNECT.findall(trace.read_text())) if trace.exists() else None

    return run


def _fails(command):
    return subprocess.run(command, capture_output=True, check=False).returncode != 0


def test_a_sweep_without_a_route_has_everything_and_asks_for_nobody_elsewhere(client, isolated):
    for name, text in {"train.py": TRAIN, "sweep.yaml": YAML, "read.py": READ, "agent.py": AGENT}.items():
        (client.folder / name).write_text(textwrap.dedent(text))
    done, asked_for = isolated(SCRIPT)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines()[-1] == "FINISHED ['finished', 'finished']"
    if asked_for is None:
        pytest.skip("the sweep went well; strace is not there to tell whom it asked for")
    assert asked_for and asked_for <= {"127.0.0.1", "::1"}
