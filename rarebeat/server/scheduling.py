"""What an agent is told at each heartbeat: start this run, stop that one, wait, or leave.

Every decision is one transaction, and the decisions of one sweep are taken one after the other, so no two
agents are given the same run. The search itself runs outside the transaction: it may take a while, and the
other requests go on.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from rarebeat.server.errors import NotFound, RequestError
from rarebeat.server.leases import bury_silent, hand_out, new_run, reconcile, to_stop, waiting_run
from rarebeat.server.store import Row, Store
from rarebeat.server.sweep_config import is_searched_outside
from rarebeat.server.sweep_runs import as_searched, is_full, reaches, runs_of, settle

if TYPE_CHECKING:
    from rarebeat.search import Run

log = logging.getLogger(__name__)
CRASH_AFTER = 90.0
OVER = ("finished", "failed", "killed")
TOLD = ("state", "stop_reason", "summary_json", "config_json")  # what the search sees of a run that is over
Command = dict[str, Any]


def in_this_process(config: dict[str, Any], runs: list[Any], seed: int) -> dict[str, Any] | None:
    # Imported here: the search brings numpy and more, which a server without sweeps does not need.
    from rarebeat.search import suggest

    return suggest(config, runs, seed)


class Scheduler:
    """Decides for the agents of all sweeps.

    Args:
        store: The database.
        clock: Seconds since 1970.
        crash_after: Seconds of silence of a run and of its agent after which the run has crashed.
        search: Chooses the next run, as `rarebeat.search.suggest` does.
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], float] = time.time,
        crash_after: float = CRASH_AFTER,
        search: Callable[[dict, list, int], dict[str, Any] | None] = in_this_process,
    ) -> None:
        self._store, self._clock, self.crash_after = store, clock, crash_after
        self._search = search
        # Nobody could be heard while there was no server: silence is counted from its start.
        self._started = clock()
        # A sweep's lock is there while somebody holds it or waits for it.
        self._locks: WeakValueDictionary[int, threading.Lock] = WeakValueDictionary()
        self._finding = threading.Lock()
        # By sweep; of each run, with and without its history.
        self._over: dict[int, dict[tuple[int, bool], tuple[int, Run]]] = {}

    def heartbeat(self, agent_id: int, alive: set[str]) -> list[Command]:
        """The commands for an agent whose child processes are those runs.

        Raises:
            NotFound: when the agent, or its sweep, is not there (any more).
            RequestError: when the search cannot work with the sweep's configuration.
        """
        with self._lock_of(self._sweep_of(agent_id)):
            self._flag_early_stops(agent_id, alive)
            with self._store.write() as db:
                agent, sweep = self._note(db, agent_id, alive)
                commands = self._without_search(db, agent, sweep, alive)
            return self._searched(agent, sweep) if commands is None else commands

    def bury_silent(self) -> None:
        """Marks as crashed what has been silent for too long, and forgets what no search will ask for; called
        now and then.
        """
        self._forget()
        since = self._clock() - self.crash_after
        if self._started <= since:
            with self._store.write() as db:
                bury_silent(db, since)

    def _forget(self) -> None:
        """Lets go of the runs of sweeps that search no more; one that is resumed has them read anew."""
        rows = self._store.connection.execute("SELECT id FROM sweeps WHERE state = 'RUNNING'")
        for sweep in set(self._over) - {row["id"] for row in rows}:
            self._over.pop(sweep, None)

    def _lock_of(self, sweep: int) -> threading.Lock:
        with self._finding:
            return self._locks.setdefault(sweep, threading.Lock())

    def _sweep_of(self, agent_id: int) -> int:
        row = self._store.connection.execute(
            "SELECT sweep_id FROM agents WHERE id = ?", (agent_id,)
        ).fetchone()
        if row is None:
            raise NotFound("there is no such agent")
        return row["sweep_id"]

    def _note(self, db: sqlite3.Connection, agent_id: int, alive: set[str]) -> tuple[Row, Row]:
        now = self._clock()
        db.execute(
            "UPDATE agents SET heartbeat_at = ?, run_state_json = ?, exited = 0 WHERE id = ?",
            (now, json.dumps(sorted(alive)), agent_id),
        )
        agent = db.execute("SELECT * FROM agents WHERE id = ?", (agent_id,)).fetchone()
        sweep = db.execute("SELECT * FROM sweeps WHERE id = ?", (agent["sweep_id"],)).fetchone()
        reconcile(db, agent, alive)
        return agent, sweep

    def _without_search(
        self, db: sqlite3.Connection, agent: Row, sweep: Row, alive: set[str]
    ) -> list[Command] | None:
        """The commands, or None when a new run is to be searched."""
        if sweep["state"] == "CANCELED":
            return self._leave(db, agent)
        if alive:
            # Said at every heartbeat until the run is gone: the client turns to SIGKILL when asked again.
            return [{"type": "stop", "run_id": name} for name in to_stop(db, agent, alive)]
        if sweep["state"] == "PAUSED":
            return []
        if settle(db, sweep, self._clock()):
            return self._leave(db, agent)
        config = json.loads(sweep["config_json"])
        run = waiting_run(db, sweep)
        if run is not None:
            return [hand_out(db, run, agent, config.get("program"), self._clock())]
        # A full sweep with runs under way keeps its agents: one of those runs may have to be started again.
        return [] if is_full(db, sweep, config) or is_searched_outside(config) else None

    def _leave(self, db: sqlite3.Connection, agent: Row) -> list[Command]:
        """The agent kills its children and goes, so its runs end here."""
        db.execute("UPDATE agents SET exited = 1 WHERE id = ?", (agent["id"],))
        db.execute(
            "UPDATE runs SET state = 'killed', stop_requested = 1, stop_reason = 'canceled' "
            "WHERE agent_id = ? AND state IN ('running', 'pending')",
            (agent["id"],),
        )
        return [{"type": "exit"}]

    def _searched(self, agent: Row, sweep: Row) -> list[Command]:
        """A new run, found without holding up the other requests."""
        params = self._suggest(sweep)
        now = self._clock()
        with self._store.write() as db:
            sweep = db.execute("SELECT * FROM sweeps WHERE id = ?", (sweep["id"],)).fetchone()
            if sweep is None:
                raise NotFound("the sweep was deleted")
            if sweep["state"] != "RUNNING":
                return []
            if params is None:
                db.execute("UPDATE sweeps SET exhausted = 1, updated_at = ? WHERE id = ?", (now, sweep["id"]))
                sweep = db.execute("SELECT * FROM sweeps WHERE id = ?", (sweep["id"],)).fetchone()
                return self._leave(db, agent) if settle(db, sweep, now) else []
            run = new_run(db, sweep, params, now)
            program = json.loads(sweep["config_json"]).get("program")
            return [hand_out(db, run, agent, program, now)]

    def _suggest(self, sweep: Row) -> dict[str, Any] | None:
        from rarebeat.search import SpaceError

        config = json.loads(sweep["config_json"])
        metric = config.get("metric") or {}
        runs = self._runs(sweep, config, bool({"impute", "impute_while_running"} & set(metric)))
        if "target" in metric and self._reached(sweep, metric, runs):
            return None
        try:
            return self._search(config, runs, sweep["seed"])
        except SpaceError as error:
            log.error("sweep %s cannot go on: %s", sweep["name"], error)
            raise RequestError(f"the sweep cannot go on: {error}") from None

    def _reached(self, sweep: Row, metric: dict[str, Any], runs: list[Run]) -> bool:
        """Whether a run of the sweep counts as much as the target: its best, where that is what counts."""
        best = {run.id for run in runs if reaches(run.objective, metric)}
        rows = self._store.connection.execute("SELECT name FROM runs WHERE sweep_id = ?", (sweep["id"],))
        return any(row["name"] in best for row in rows)

    def _runs(self, sweep: Row, config: dict[str, Any], with_history: bool) -> list[Run]:
        """As the search sees them; those that are over are read anew only when they have changed."""
        with self._store.read() as db:
            rows = runs_of(db, sweep)
            there = {row["id"] for row in rows}
            known = self._over.get(sweep["id"], {})
            # Those that were deleted are forgotten.
            self._over[sweep["id"]] = {place: run for place, run in known.items() if place[0] in there}
            return [self._run(db, row, sweep, config, with_history) for row in rows]

    def _run(
        self, db: sqlite3.Connection, row: Row, sweep: Row, config: dict[str, Any], with_history: bool
    ) -> Run:
        if row["state"] not in OVER:
            return as_searched(db, row, config, with_history)
        over, place = self._over.setdefault(sweep["id"], {}), (row["id"], with_history)
        said = hash((sweep["config_json"], *(row[column] for column in TOLD)))
        known = over.get(place)
        if known is None or known[0] != said:
            known = over[place] = said, as_searched(db, row, config, with_history)
        return known[1]

    def _flag_early_stops(self, agent_id: int, alive: set[str]) -> None:
        """Asks runs to stop that the sweep's early_terminate has given up."""
        db = self._store.connection
        sweep = db.execute(
            "SELECT sweeps.* FROM sweeps JOIN agents ON agents.sweep_id = sweeps.id WHERE agents.id = ?",
            (agent_id,),
        ).fetchone()
        config = json.loads(sweep["config_json"]) if sweep and alive else {}
        if not config.get("early_terminate") or is_searched_outside(config):
            return
        from rarebeat.search.hyperband import to_stop as losing

        stopping = losing(config, self._runs(sweep, config, True))
        with self._store.write() as db:
            db.executemany(
                "UPDATE runs SET stop_requested = 1, stop_reason = 'early_terminate' "
                "WHERE sweep_id = ? AND name = ? AND state = 'running' AND stop_requested = 0",
                [(sweep["id"], name) for name in stopping],
            )
