"""The search as a process: a question a line on standard input, an answer a line on standard output.

For a server that has requests to answer meanwhile: a search holds the interpreter that it runs in.
"""

from __future__ import annotations

import json
import sys

from rarebeat.search.errors import SpaceError
from rarebeat.search.runs import Run
from rarebeat.search.suggest import suggest


def answer(line: bytes) -> str:
    """JSON of {"params": …}, null when no point is left; or of {"refused": the sentence}."""
    asked = json.loads(line)
    try:
        params = suggest(asked["config"], [Run(**run) for run in asked["runs"]], asked["seed"])
    except SpaceError as error:
        return json.dumps({"refused": str(error)})
    return json.dumps({"params": params})


def main() -> None:
    # Bytes: JSON is UTF-8, whatever the terminal of the server is set to.
    for line in sys.stdin.buffer:
        print(answer(line), flush=True)


if __name__ == "__main__":
    main()
