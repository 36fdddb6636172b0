"""The vendor's agent, with its protocol, signals and rules, on warm runs.

The client's loop waits 5 s on a queue in each of its turns, and starts each run as a program that imports
TensorFlow anew. Here the queue waits for the end of the run instead, and a run is a fork.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
from pathlib import Path

import wandb
from wandb import wandb_agent

from rarebeat.sweep_rules import runs_our_training
from rarebeat.warm.process import Launcher

# A machine on which this many runs fail one after another is not asked again.
BENCHED_AFTER = 5
REASON = "ended_by"


class ExitQueue:
    """The queue on which the client's agent waits for a turn: it holds nothing, and waiting ends with a run.

    Without a run it waits the client's own time, except before the first turn.
    """

    def __init__(self, launcher: Launcher, parent: int | None) -> None:
        self.launcher = launcher
        self.parent = parent
        self.first = True

    def get(self, block: bool, timeout: float) -> None:
        if not self.first:
            self.launcher.wait(timeout)
        self.first = False
        if self.parent is not None and os.getppid() != self.parent:
            # Who started this agent was killed and cannot end it any more.
            os.kill(os.getpid(), signal.SIGTERM)
        raise queue.Empty


class Agent(wandb_agent.Agent):
    """The client's agent, which lets a run end as it should when its sweep is cancelled.

    The client kills runs then, and what they have not sent is lost; here they are asked first.
    """

    def __init__(self, launcher: Launcher, **options: object) -> None:
        super().__init__(**options)
        self.launcher = launcher

    def _command_exit(self, command: dict) -> None:
        self.launcher.ask_to_end()
        super()._command_exit(command)


def run_agent(
    path: str, logs: Path, count: int | None, limit: float | None, parent: int | None = None
) -> bool:
    """Run the sweep at `path` (ENTITY/PROJECT/SWEEP) until it, or `count`, is at its end.

    Returns:
        False where the agent gave up because runs failed one after another.

    Args:
        path: on the server that the environment names.
        logs: folder for the output of each run.
        count: runs at most.
        limit: seconds that a run may take.
        parent: the process without which the agent ends.
    """
    entity, project, sweep = path.split("/")
    os.environ |= {"WANDB_ENTITY": entity, "WANDB_PROJECT": project, "WANDB_SWEEP_ID": sweep}
    agent: Agent | None = None

    def ended_badly(run: str, reason: str) -> None:
        wandb.termerror(f"Run {run}: {reason}; what it said last is in {logs / run}.log")
        _tell_the_server(agent._api, f"{entity}/{project}/{run}", reason)

    launcher = Launcher(logs, limit, ended_badly)
    api = wandb.Api()
    _warm_up(launcher, api, path)
    _speak_of_turns()
    wandb_agent.AgentProcess = launcher
    # After each run the client ends its own service, "a hammer" for runs of the same process, and starts it
    # anew, which takes half a second. Here a run is never of this process.
    wandb.teardown = lambda *_: None
    agent = Agent(
        launcher,
        api=api,
        queue=ExitQueue(launcher, parent),
        sweep_id=sweep,
        count=count,
        max_consecutive_failed_runs=BENCHED_AFTER,
    )
    _end_runs_when_asked(launcher)
    agent.run()
    return not (agent.is_flapping() or agent.is_failing() or agent._consecutive_failed_runs >= BENCHED_AFTER)


def _warm_up(launcher: Launcher, api: wandb.Api, path: str) -> None:
    """Begin the imports, unless the sweep runs a program that is not forked."""
    try:
        if runs_our_training(api.sweep(path).config):
            launcher.warm_up()
    except (ValueError, wandb.Error) as error:
        # The client's agent asks for the sweep as well, and ends with what is wrong with it.
        wandb.termwarn(f"{path} cannot be read: {error}")


def _tell_the_server(api: wandb.Api, path: str, reason: str) -> None:
    """Leave the reason in the run's summary, where its page and the leaderboard's readers find it."""
    try:
        api.run(path).summary.update({REASON: reason})
    except Exception as error:
        # Whatever keeps the server from hearing of it is no reason to end the agent.
        wandb.termwarn(f"The server was not told why {path} ended: {error}")


def _end_runs_when_asked(launcher: Launcher) -> None:
    """SIGTERM and a closed terminal: runs are asked to end, the client waits for them, then goes."""

    def shut_down(number: int, _: object) -> None:
        for run in launcher.runs:
            if run.code is None:
                run.terminate()
        raise wandb_agent.ShutdownSignal(number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, shut_down)


def _speak_of_turns() -> None:
    """The client's own lines, as `wandb agent` prints them."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s - %(name)s - %(levelname)s - %(message)s"))
    wandb_agent.logger.setLevel(logging.INFO)
    wandb_agent.logger.addHandler(handler)
