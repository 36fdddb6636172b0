"""The look of figures and of pages in one file: colours on light and dark paper, then shapes."""

from __future__ import annotations

# Every page that holds figures needs these two.
COLOURS = """
:root { color-scheme: light dark; --bg: #fff; --fg: #1c1f24; --dim: #5b6270; --rule: #dfe3e8; --warn: #a3230f;
  --fine: #fadedd; --coarse: #efb1ae; --trace: #111;
  --c0: #0063a5; --c1: #c2560a; --c2: #00794f; --c3: #a64b83; --c4: #6b5cc4; --c5: #8a6d00; --c6: #00798a;
  --c7: #6b6b6b; }
@media (prefers-color-scheme: dark) { :root { --bg: #15181d; --fg: #e8eaee; --dim: #a3abb8; --rule: #333a44;
  --warn: #ff9482; --fine: #3a2526; --coarse: #5e3536; --trace: #f2f2f2;
  --c0: #5cb3f0; --c1: #f0965a; --c2: #4fcf9f; --c3: #e596c4; --c4: #a99cf5; --c5: #d9b843; --c6: #58c7d6;
  --c7: #b0b0b0; } }
""" + "".join(f".c{n} {{ --c: var(--c{n}); }}\n" for n in range(8))

PICTURES = """
svg { max-width: 100%; height: auto; display: block; margin: .4rem 0; }
svg text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: var(--fg); }
svg .small { font-size: 11px; fill: var(--dim); } svg .label { fill: var(--dim); }
svg .m { text-anchor: middle; } svg .e { text-anchor: end; } svg .on { fill: var(--bg); }
svg .grid { stroke: var(--rule); stroke-width: 1; } svg .cell { fill: none; stroke: var(--rule); }
svg .line { fill: none; stroke: var(--c); stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
svg .dashed { stroke-dasharray: 5 4; } svg .under { stroke-width: 1; opacity: .35; }
svg .band { fill: var(--c); opacity: .2; } svg .fill { fill: var(--c); } svg .faint { opacity: .45; }
svg .fine { fill: none; stroke: var(--fine); stroke-width: .1; }
svg .coarse { fill: none; stroke: var(--coarse); stroke-width: .2; }
svg .trace { fill: none; stroke: var(--trace); stroke-width: .3; stroke-linejoin: round; }
svg .halo { paint-order: stroke; stroke: var(--bg); stroke-width: 3px; }
svg .lead { font-size: 3.4px; font-weight: 600; }
"""

DOCUMENT = """
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
"""
