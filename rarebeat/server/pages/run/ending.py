"""How long a run took, and why it ended."""

from __future__ import annotations

from html import escape

from rarebeat.server.console import parse_console_line
from rarebeat.server.pages.amounts import duration
from rarebeat.server.pages.markup import link
from rarebeat.server.pages.run.console import plain
from rarebeat.server.pages.run.opened import Opened

STOPPED = {
    "user": "It was stopped by somebody.",
    "early_terminate": "The sweep stopped it early: it was behind the others (early_terminate).",
    "canceled": "Its sweep was cancelled.",
}
LAST_WORDS = 3  # lines


def ending(run: Opened) -> str:
    """A sentence where a run did not simply finish, with the last that it said on stderr."""
    row = run.row
    # Without an exit code somebody else has called it failed, as a launcher does.
    code = f"with exit code {row['exit_code']}" if row["exit_code"] is not None else "without an exit code"
    words = {
        "failed": f"It ended {code}.",
        "crashed": "It fell silent without a last word: its process was killed, or its machine is gone.",
        "preempted": "Its machine was wanted for something else (preempted): an agent takes it up again.",
        "killed": STOPPED.get(row["stop_reason"], "It was stopped."),
    }.get(row["state"])
    if words is None and row["stop_requested"] and row["state"] == "running":
        words = "It has been asked to stop."
    if words is None:
        return ""
    said = _last_words(run) if row["state"] in ("failed", "crashed") else ""
    return f'<div class="ending"><p class="warn">{escape(words)}</p>{said}</div>'


def _last_words(run: Opened) -> str:
    rows = run.db.execute(
        """SELECT body FROM lines WHERE run_id = ? AND stream = 'output' AND body LIKE 'ERROR %'
           ORDER BY number DESC LIMIT ?""",
        (run.row["id"], LAST_WORDS),
    )
    said = [plain(parse_console_line(row["body"])[2]) for row in rows][::-1]
    if not any(said):
        return ""
    return f"<pre>{escape(chr(10).join(said))}</pre>{link('the whole console', *run.path, 'logs')}"


def lasted(run: Opened) -> str:
    """The time from the first sign of life to the last."""
    seconds = run.summary.get("_runtime")
    if not isinstance(seconds, int | float):
        seconds = run.row["heartbeat_at"] - run.row["created_at"]
    return duration(float(seconds))
