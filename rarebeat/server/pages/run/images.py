"""Images that a run logged (`wandb.Image`), with their captions."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from rarebeat.server.pages.markup import note
from rarebeat.server.pages.run.media import run_file
from rarebeat.server.pages.run.opened import Opened

MOST = 48  # of one name


def images(run: Opened, values: dict[str, dict[str, Any]]) -> Iterator[str]:
    """A section for each name under which images were logged."""
    for name, value in values.items():
        listed = list(_image_files(value))
        shown = "".join(_image(run, name, *one) for one in listed[:MOST])
        if shown:
            more = len(listed) - MOST
            rest = note(f"{more} more are among the files.") if more > 0 else ""
            body = f'<h2>{escape(name)}</h2><div class="images">{shown}</div>{rest}'
            yield f'<section class="logged">{body}</section>'


def _image_files(value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(file, caption) of each image of a logged value."""
    if value["_type"] == "image-file":
        yield str(value.get("path")), str(value.get("caption") or "")
    if value["_type"] in ("images", "images/separated") and isinstance(value.get("filenames"), list):
        captions = value.get("captions")
        captions = captions if isinstance(captions, list) else []
        for place, file in enumerate(value["filenames"]):
            yield str(file), str(captions[place] or "") if place < len(captions) else ""


def _image(run: Opened, name: str, path: str, caption: str) -> str:
    file = run_file(run, path)
    if file is None:
        return ""
    url, words = escape(run.asked.file(file.blob, file.name)), escape(caption)
    below = f"<figcaption>{words}</figcaption>" if caption else ""
    shown = f'<img src="{url}" alt="{words or escape(name)}" loading="lazy">'
    return f'<figure><a href="{url}" download>{shown}</a>{below}</figure>'
