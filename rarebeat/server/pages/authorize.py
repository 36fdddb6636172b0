"""Where `wandb login` sends whoever is looking for the key: it is never shown on a page."""

from __future__ import annotations

from rarebeat.server.pages.markup import command
from rarebeat.server.pages.shell import Asked, Page


def authorize(asked: Asked) -> Page:
    return Page(
        "Where the key is",
        (
            "<p>Keys are told in a terminal alone. On the machine of this server, this sets the owner's:</p>",
            command('eval "$(rarebeat up)"'),
            "<p>And this makes one for somebody else:</p>",
            command("rarebeat keys add NAME"),
        ),
    )
