"""`python -m rarebeat.warm PATH`: one agent on one device.

The environment says which server, which device and how many threads. The fork server does not import a main
module of this name again for each run.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from rarebeat.warm import GAVE_UP


def main() -> int:
    # An interrupt tells an agent to end, and what a script starts in the background (`&`) ignores it. The
    # client takes a second to import, in which none may be lost.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Forks look for modules where this process does: plug-ins may have more to import in the working folder.
    sys.path.append(os.getcwd())
    from rarebeat.warm.agent import run_agent

    parser = argparse.ArgumentParser(prog="python -m rarebeat.warm")
    parser.add_argument("path", help="ENTITY/PROJECT/SWEEP")
    parser.add_argument("--logs", type=Path, required=True, help="folder for the output of each run")
    parser.add_argument("--count", type=int, help="runs at most")
    parser.add_argument("--limit", type=float, help="seconds that a run may take")
    parser.add_argument("--parent", type=int, help="the process without which the agent ends")
    options = parser.parse_args()
    well = run_agent(options.path, options.logs, options.count, options.limit, options.parent)
    return 0 if well else GAVE_UP


if __name__ == "__main__":
    sys.exit(main())
