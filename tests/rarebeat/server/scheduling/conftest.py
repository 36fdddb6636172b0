"""The heartbeat's decisions on a real database, with a clock that the test turns."""

import json

import pytest

from rarebeat.server.file_stream import receive
from rarebeat.server.operations.runs import _start_again, delete_from_sweep
from rarebeat.server.operations.sweeps import set_state
from rarebeat.server.scheduling import Scheduler
from rarebeat.server.store import Store

GRID = {"method": "grid", "parameters": {"x": {"values": [1, 2, 3]}}, "program": "train.py"}


class World:
    """One project with one sweep; agents and runs do as the test says."""

    def __init__(self, folder, config):
        self.now = 1000.0
        self.store = Store(folder / "tracking.db")
        self.db = self.store.connection
        self.db.execute("INSERT INTO projects VALUES (1, 'local', 'p', NULL, 0)")
        self.db.execute(
            "INSERT INTO sweeps (id, project_id, name, state, config_yaml, config_json, seed, created_at, "
            "updated_at) VALUES (1, 1, 'sw', 'RUNNING', '', ?, 0, 0, 0)",
            (json.dumps(config),),
        )
        self.scheduler = Scheduler(self.store, lambda: self.now, crash_after=90)

    def agent(self):
        query = "INSERT INTO agents (sweep_id, host, created_at, heartbeat_at) VALUES (1, 'h', ?, ?)"
        return self.db.execute(query, (self.now, self.now)).lastrowid

    def beat(self, agent, *alive):
        return self.scheduler.heartbeat(agent, set(alive))

    def given(self, agent):
        """The run that the agent is told to start."""
        [command] = self.beat(agent)
        assert command["type"] == "run"
        return command["run_id"]

    def start(self, name):
        with self.store.write() as db:
            _start_again(db, self.run(name), self.now)

    def post(self, name, **body):
        return receive(self.store, "local", "p", name, json.dumps(body).encode(), self.now)

    def log(self, name, **row):
        files = {"wandb-history.jsonl": {"offset": row["_step"], "content": [json.dumps(row)]},
                 "wandb-summary.json": {"offset": 0, "content": [json.dumps(row)]}}  # fmt: skip
        return self.post(name, files=files)

    def end(self, name, exit_code=0):
        self.post(name, complete=True, exitcode=exit_code)

    def run(self, name):
        return self.db.execute("SELECT * FROM runs WHERE name = ?", (name,)).fetchone()

    def state(self, name):
        return self.run(name)["state"]

    @property
    def sweep(self):
        return self.db.execute("SELECT * FROM sweeps").fetchone()

    def set_sweep(self, state):
        with self.store.write() as db:
            set_state(db, self.sweep, state, self.now)

    def delete(self, name):
        with self.store.write() as db:
            delete_from_sweep(db, self.run(name))


@pytest.fixture
def world(tmp_path):
    return lambda **config: World(tmp_path, {**GRID, **config})
