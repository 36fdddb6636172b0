"""A page in one file: headings, tables and pictures, without a script and without anything to load."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from data_utils.errors import BadInput

_STYLE = """
:root { color-scheme: light dark; --bg: #fff; --fg: #1c1f24; --dim: #5b6270; --rule: #dfe3e8; --warn: #a3230f;
  --fine: #fadedd; --coarse: #efb1ae; --trace: #111;
  --c0: #0063a5; --c1: #c2560a; --c2: #00794f; --c3: #a64b83; --c4: #6b5cc4; --c5: #8a6d00; --c6: #00798a;
  --c7: #6b6b6b; }
@media (prefers-color-scheme: dark) { :root { --bg: #15181d; --fg: #e8eaee; --dim: #a3abb8; --rule: #333a44;
  --warn: #ff9482; --fine: #3a2526; --coarse: #5e3536; --trace: #f2f2f2;
  --c0: #5cb3f0; --c1: #f0965a; --c2: #4fcf9f; --c3: #e596c4; --c4: #a99cf5; --c5: #d9b843; --c6: #58c7d6;
  --c7: #b0b0b0; } }
@media print { :root { color-scheme: light; --bg: #fff; --fg: #000; } section { break-inside: avoid-page; }
  pre { white-space: pre-wrap; } table { font-size: 8pt; } .wide { overflow: visible; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1080px; padding: 24px 20px 60px; background: var(--bg); color: var(--fg);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .5rem; border-bottom: 1px solid var(--rule); padding-bottom: .2rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
p { margin: .4rem 0; max-width: 75ch; } .dim { color: var(--dim); }
.warn { color: var(--warn); font-weight: 600; border-left: 4px solid; padding-left: .7rem; }
.wide { overflow-x: auto; } .row { display: flex; flex-wrap: wrap; gap: 8px 24px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .5rem 0; }
caption { text-align: left; color: var(--dim); padding-bottom: .2rem; }
th, td { padding: .2rem .7rem .2rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--rule); }
td.n, th.n { text-align: right; } td.n { white-space: nowrap; }
figure { margin: .6rem 0; break-inside: avoid; } code { font-size: .9em; overflow-wrap: anywhere; }
pre { overflow-x: auto; border: 1px solid var(--rule); padding: .6rem .8rem; font-size: .85rem; }
svg { max-width: 100%; height: auto; display: block; margin: .4rem 0; }
svg text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: var(--fg); }
svg .small { font-size: 11px; fill: var(--dim); } svg .label { fill: var(--dim); }
svg .m { text-anchor: middle; } svg .e { text-anchor: end; } svg .on { fill: var(--bg); }
svg .grid { stroke: var(--rule); stroke-width: 1; } svg .cell { fill: none; stroke: var(--rule); }
svg .line { fill: none; stroke: var(--c); stroke-width: 2; stroke-linejoin: round; }
svg .band { fill: var(--c); opacity: .2; } svg .fill { fill: var(--c); }
svg .fine { fill: none; stroke: var(--fine); stroke-width: .1; }
svg .coarse { fill: none; stroke: var(--coarse); stroke-width: .2; }
svg .trace { fill: none; stroke: var(--trace); stroke-width: .3; stroke-linejoin: round; }
svg .halo { paint-order: stroke; stroke: var(--bg); stroke-width: 3px; }
svg .lead { font-size: 3.4px; font-weight: 600; }
""" + "".join(f".c{n} {{ --c: var(--c{n}); }}\n" for n in range(8))

# Nothing may be fetched, even if a name in the data tried to.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


class Html(str):
    """Text that is markup already; everything else is escaped."""


def page(title: str, body: Iterable[str], language: str = "en") -> str:
    """The whole document; `body` is markup."""
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(body)
        + "\n</main>\n</body>\n</html>\n"
    )


def write_page(path: Path, document: str) -> None:
    """Write a page beside its place first, so that a killed command leaves no half of one.

    Raises:
        BadInput: a place that cannot be written to.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_text(document, encoding="utf-8")
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise BadInput(f"{path} cannot be written ({error.strerror}): name another file.") from error


def section(title: str, *body: str) -> str:
    """A heading and markup below it."""
    return f"<section>\n<h2>{escape(title)}</h2>\n" + "\n".join(body) + "\n</section>"


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[object]], texts: int = 1) -> str:
    """A table whose first `texts` columns are text and the others numbers, set to the right.

    Without any head (all empty) the rows speak for themselves.
    """
    kinds = ["" if place < texts else ' class="n"' for place in range(len(heads))]
    head = "".join(
        f'<th scope="col"{kind}>{cell(name)}</th>' for kind, name in zip(kinds, heads, strict=True)
    )
    lines = []
    for row in rows:
        first, *rest = zip(kinds, row, strict=True)
        cells = "".join(f"<td{kind}>{cell(value)}</td>" for kind, value in rest)
        lines.append(f'<tr><th scope="row"{first[0]}>{cell(first[1])}</th>{cells}</tr>')
    heading = f"<thead><tr>{head}</tr></thead>" if any(heads) else ""
    # What scrolls has to be reached by the keyboard.
    around = f'<div class="wide" tabindex="0" role="region" aria-label="{escape(caption)}">'
    return (
        f"{around}<table><caption>{escape(caption)}</caption>{heading}"
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def cell(value: object) -> str:
    """A value as markup: counts with commas, everything else as it is, escaped."""
    if isinstance(value, Html):
        return value
    return f"{value:,}" if isinstance(value, int) else escape(str(value))
