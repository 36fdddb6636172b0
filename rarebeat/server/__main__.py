"""`python -m rarebeat.server`: the process that `rarebeat up` starts."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from pathlib import Path

from rarebeat.server.directory import CannotServe
from rarebeat.server.serve import Settings, serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m rarebeat.server", description=__doc__)
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int)
    parser.add_argument("--validator", type=json.loads, help="a JSON list: the command and its arguments")
    parser.add_argument("--crash-after", type=float, default=Settings.crash_after)
    parser.add_argument("--demand-key", action="store_true")
    given = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        serve(
            Settings(given.dir, given.host, given.port, given.validator, given.crash_after, given.demand_key)
        )
    except CannotServe as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
