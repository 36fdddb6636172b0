"""The states of a run, and how it gets from one to another.

pending    handed out by a sweep (or announced), not started
running    its client has spoken lately
finished   said so, with exit code 0
failed     said so, with another exit code: not tried again
preempted  said so after announcing preemption: resumed
killed     ended after a stop was asked for
crashed    fell silent: handed out again, up to `MAX_ATTEMPTS` starts in all, not counting those that were
           preempted; revived if it speaks again
"""

from __future__ import annotations

import sqlite3

from rarebeat.server.store import Row

ENDED = ("finished", "failed", "crashed", "killed", "preempted")
MAX_ATTEMPTS = 3


def state_at_exit(stop_requested: bool, preempting: bool, exit_code: int) -> str:
    """The state of a run whose client has said that it is complete."""
    if stop_requested:
        return "killed"
    if exit_code == 0:
        return "finished"
    return "preempted" if preempting else "failed"


def ask_to_stop(db: sqlite3.Connection, run: int) -> None:
    """The run's client or agent hears of it when it speaks next; what has ended stays as it is."""
    db.execute(
        "UPDATE runs SET stop_requested = 1, stop_reason = 'user' "
        "WHERE id = ? AND state IN ('running', 'pending')",
        (run,),
    )


def fall_silent(db: sqlite3.Connection, run: Row) -> None:
    """The run's process has gone without a word."""
    state = "killed" if run["stop_requested"] else "crashed"
    db.execute("UPDATE runs SET state = ?, agent_id = NULL WHERE id = ?", (state, run["id"]))


def clear_attempt(db: sqlite3.Connection, run: Row) -> None:
    """A new attempt starts from nothing: what the lost one logged goes, what the sweep chose stays.

    Its artifacts stay in their collections, but are no outputs of the run: a model is that of its metrics.
    Files named checkpoint/… stay: they are what the next attempt may go on from.
    """
    for table in ("lines", "rare_lines", "writers", "outputs"):
        db.execute(f"DELETE FROM {table} WHERE run_id = ?", (run["id"],))
    db.execute("DELETE FROM files WHERE run_id = ? AND name NOT LIKE 'checkpoint/%'", (run["id"],))
    db.execute(
        """UPDATE runs SET restarting = 0, config_json = '{}', summary_json = '{}', keys_json = '{}',
           system_json = '{}', history_lines = 0, event_lines = 0, log_lines = 0, last_step = -1
           WHERE id = ?""",
        (run["id"],),
    )
