"""The `wandb/settings` file of a folder, which the client reads before its defaults."""

from __future__ import annotations

import configparser
import os
from pathlib import Path

SECTION = "default"


def write_base_url(folder: Path, url: str) -> Path:
    """Points the clients that start in this folder at the server; other settings stay as they are.

    A forgotten export can then not send anything elsewhere.
    """
    path = folder / "wandb" / "settings"
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(path)
    if not settings.has_section(SECTION):
        settings.add_section(SECTION)
    settings.set(SECTION, "base_url", url)
    path.parent.mkdir(exist_ok=True)
    aside = path.with_suffix(".new")
    with aside.open("w") as file:
        settings.write(file)
    os.replace(aside, path)
    return path
