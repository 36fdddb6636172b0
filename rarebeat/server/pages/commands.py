"""How to go on from a page in a terminal: commands to copy, and the sweep's own YAML."""

from __future__ import annotations

import shlex
from html import escape

from rarebeat.figures import Html
from rarebeat.server.pages.markup import command, folded, note
from rarebeat.server.pages.shell import Asked
from rarebeat.server.store import Row


def commands(asked: Asked, sweep: Row) -> Html:
    path = shlex.quote("/".join([*asked.path, sweep["name"]]))
    said = [
        ("Work on it", [f"wandb agent {path}", f"rarebeat agent {path}"]),
        ("See what came of it", [f"rarebeat leaderboard {path}", f"rarebeat best {path} -o runs/best"]),
    ]
    listed = "".join(
        f"<div><h3>{escape(words)}</h3>{''.join(map(command, each))}</div>" for words, each in said
    )
    exports = f"export WANDB_BASE_URL={asked.base_url} WANDB_API_KEY=…"
    elsewhere = note(f"In a terminal that knows nothing of this server, first: {exports}")
    yaml = folded(
        "yaml", "The sweep's YAML", f"<pre tabindex=0>{escape(sweep['config_yaml'])}</pre>", is_open=True
    )
    return Html(
        f'<section id="commands"><h2>In a terminal</h2><div class="pair">{listed}</div>{elsewhere}</section>'
        f'<section id="configuration"><h2>Configuration</h2>{yaml}</section>'
    )
