"""What a run logged: history, system events and console, sampled or page by page."""

from __future__ import annotations

from typing import Any

from rarebeat.server import metric_names, strict_json
from rarebeat.server.arguments import Arguments
from rarebeat.server.console import parse_console_line
from rarebeat.server.context import Context
from rarebeat.server.operations.registry import RESOLVERS, connection, page_bounds
from rarebeat.server.store import Row

DEFAULT_SAMPLES = 500
MAX_STEP = 2**63 - 1


def _bodies(context: Context, run: Row, stream: str, first: int = 0, stop: int = MAX_STEP) -> list[str]:
    """The lines of a stream in their order; for history those with first <= _step < stop."""
    query = "SELECT body FROM lines WHERE run_id = ? AND stream = ?"
    values: list[Any] = [run["id"], stream]
    if first > 0 or stop < MAX_STEP:
        query += " AND step >= ? AND step < ?"
        values += [first, stop]
    return [row["body"] for row in context.db.execute(query + " ORDER BY number", values)]


def _sample(rows: list[Any], samples: int) -> list[Any]:
    """Evenly spread members, first and last among them."""
    if samples < 1 or len(rows) <= samples:
        return rows
    if samples == 1:
        return rows[-1:]
    return [rows[round(index * (len(rows) - 1) / (samples - 1))] for index in range(samples)]


@RESOLVERS.field("Run", "history")
def history(context: Context, run: Row, arguments: Arguments) -> list[str]:
    """History lines as JSON texts: those of a range of steps, or a sample of all."""
    samples = arguments.integer("samples", DEFAULT_SAMPLES)
    if "maxStep" in arguments or "minStep" in arguments:
        first, stop = arguments.integer("minStep", 0), arguments.integer("maxStep", MAX_STEP)
        return _bodies(context, run, "history", first, stop)
    return _sample(_bodies(context, run, "history"), samples)


@RESOLVERS.field("Run", "events")
def events(context: Context, run: Row, arguments: Arguments) -> list[str]:
    return _sample(_bodies(context, run, "events"), arguments.integer("samples", DEFAULT_SAMPLES))


@RESOLVERS.field("Run", "sampledHistory")
def sampled_history(context: Context, run: Row, arguments: Arguments) -> list[list[dict[str, Any]]]:
    """For each spec {keys, samples, minStep, maxStep} the rows that have all its keys, only those keys."""
    return [_of_spec(context, run, strict_json.parse_object(spec)) for spec in arguments.texts("specs") or ()]


def _of_spec(context: Context, run: Row, spec: dict[str, Any]) -> list[dict[str, Any]]:
    given = Arguments(spec)
    keys = given.texts("keys")
    if not keys:
        return []
    # Here maxStep is the last step wanted; in `history` it is the first one not wanted.
    last = min(given.integer("maxStep", MAX_STEP - 1), MAX_STEP - 1)
    bodies = _bodies(context, run, "history", given.integer("minStep", 0), last + 1)
    rows = [strict_json.parse_object(body) for body in bodies]
    found = [{key: metric_names.lookup(row, key) for key in keys} for row in rows]
    kept = [row for row in found if metric_names.MISSING not in row.values()]
    return _sample(kept, given.integer("samples", DEFAULT_SAMPLES))


@RESOLVERS.field("Run", "parquetHistory")
def parquet_history(context: Context, run: Row, arguments: Arguments) -> dict[str, Any]:
    """Nothing has been exported: everything is live, from the first step on."""
    return {"parquetUrls": [], "liveData": [{"_step": 0}]}


@RESOLVERS.field("Run", "historyKeys")
def history_keys(context: Context, run: Row, arguments: Arguments) -> dict[str, Any]:
    """The names of the run's metrics, those of nested ones as paths, with the last value of each."""
    kinds, summary = strict_json.parse_object(run["keys_json"]), strict_json.parse_object(run["summary_json"])
    keys = {}
    for name, kind in kinds.items():
        last = summary.get(name)
        if kind == "map" and last is not None:
            keys |= {
                path: _key(metric_names.kind(value), value) for path, value in metric_names.leaves(name, last)
            }
        else:
            keys[name] = _key(kind, last)
    return {"keys": keys, "sets": [], "lastStep": run["last_step"]}


def _key(kind: str, last: Any) -> dict[str, Any]:
    told = {"typeCounts": [{"type": kind, "count": 1}]}
    return told if last is None or isinstance(last, (dict, list)) else {**told, "previousValue": last}


@RESOLVERS.field("Run", "historyTail")
def history_tail(context: Context, run: Row, arguments: Arguments) -> str:
    return _tail(context, run, "history", run["history_lines"])


@RESOLVERS.field("Run", "eventsTail")
def events_tail(context: Context, run: Row, arguments: Arguments) -> str:
    return _tail(context, run, "events", run["event_lines"])


def _tail(context: Context, run: Row, stream: str, lines: int) -> str:
    """JSON text of a list with the last line, or of an empty list."""
    row = context.db.execute(
        "SELECT body FROM lines WHERE run_id = ? AND stream = ? ORDER BY number DESC LIMIT 1",
        (run["id"], stream),
    ).fetchone()
    return strict_json.dump([row["body"]] if row and lines else [])


@RESOLVERS.field("Run", "logLines")
def log_lines(context: Context, run: Row, arguments: Arguments) -> dict[str, Any]:
    """A page of the console, or its last lines."""
    query = "SELECT number, body FROM lines WHERE run_id = ? AND stream = 'output' ORDER BY number "
    if (last := arguments.integer("last")) is not None:
        found = context.db.execute(query + "DESC LIMIT ?", (run["id"], max(0, min(last, 10_000)))).fetchall()
        return connection([_console(row) for row in reversed(found)], 0, len(found))
    offset, size = page_bounds(arguments, 1000)
    found = context.db.execute(query + "LIMIT ? OFFSET ?", (run["id"], size + 1, offset)).fetchall()
    return connection([_console(row) for row in found[:size]], offset, offset + len(found))


def _console(row: Row) -> dict[str, Any]:
    time, level, text = parse_console_line(row["body"])
    return {"number": row["number"], "timestamp": time, "level": level, "label": "", "line": text}
