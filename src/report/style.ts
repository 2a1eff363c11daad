/** The page's style sheet. It follows the reader's light or dark scheme and prints black on white. */
export const style = `
:root {
  color-scheme: light dark; --paper: #ffffff; --panel: #f6f7f9; --ink: #1b1f24; --faint: #5f6b7a; --line: #d9dee5;
  --accent: #2563eb;
}
@media (prefers-color-scheme: dark) {
  :root { --paper: #14171c; --panel: #1c2128; --ink: #e4e8ee; --faint: #9aa6b5; --line: #343b45; --accent: #7aa7ff; }
}
@media screen { .tall { max-height: 85vh; overflow-y: auto; } }
@media print {
  :root { color-scheme: light; --paper: #fff; --panel: #fff; --ink: #000; --faint: #444; --line: #bbb; }
  nav, .controls, #player { display: none !important; }
  section, figure { break-inside: avoid; }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 1180px; padding: 1.5rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif;
}
h1 { margin: 0; font-size: 1.6rem; }
h2 { margin: 2.5rem 0 .75rem; font-size: 1.2rem; }
h3 { margin: 1.5rem 0 .5rem; font-size: 1rem; }
p, .hint { color: var(--faint); margin: .25rem 0 .75rem; }
nav {
  display: flex; flex-wrap: wrap; gap: 1rem; margin: .75rem 0 0; padding-bottom: .75rem;
  border-bottom: 1px solid var(--line);
}
a { color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.scroll { overflow-x: auto; margin-bottom: 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .8rem .3rem 0; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; }
th[scope=row] { font-weight: 400; }
td.number, th.number { text-align: right; padding-left: .8rem; padding-right: 0; }
td.best { font-weight: 700; }
caption { text-align: left; font-size: .85rem; font-weight: 600; padding-bottom: .5rem; }
.confusion td, .confusion th { padding: .2rem .4rem; }
.confusion thead th { vertical-align: bottom; }
.confusion thead span {
  writing-mode: vertical-rl; transform: rotate(180deg); max-height: 11rem; overflow: hidden; white-space: nowrap;
}
.confusion th[scope=row] { max-width: 14rem; overflow-wrap: anywhere; }
.confusion td[style] {
  background: color-mix(in srgb, #ef4444 var(--tint), transparent); print-color-adjust: exact;
}
.confusion td.right { background: color-mix(in srgb, #10b981 var(--tint), transparent); }
.sequences img { display: block; image-rendering: pixelated; height: auto; }
.charts { margin: 1rem 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(340px, 1fr)); gap: 1rem; }
figure.chart {
  margin: 0; width: fit-content; padding: .75rem 1rem; background: var(--panel); border: 1px solid var(--line);
  border-radius: 8px; max-width: 100%;
}
.charts figure.chart { width: auto; }
figure.chart svg { display: block; max-width: 100%; height: auto; color: var(--ink); }
figcaption { font-size: .85rem; font-weight: 600; margin-bottom: .5rem; }
.swatch {
  display: inline-block; width: .7em; height: .7em; border-radius: 2px; margin-right: .5em; background: var(--swatch);
  print-color-adjust: exact;
}
.controls { display: flex; flex-wrap: wrap; gap: .5rem 1.25rem; align-items: end; margin-bottom: .75rem; }
.controls label { display: grid; gap: .15rem; font-size: .8rem; color: var(--faint); }
.controls input, .controls select, button:not(.bar) {
  font: inherit; color: var(--ink); background: var(--panel); border: 1px solid var(--line); border-radius: 6px;
  padding: .3rem .55rem;
}
.controls select { min-width: 14rem; max-width: 24rem; }
.controls input[type=range] { padding: 0; width: 16rem; accent-color: var(--accent); }
button { cursor: pointer; }
#tracks {
  min-width: 720px; display: grid; grid-template-columns: minmax(4rem, 10rem) minmax(3rem, 8rem) 1fr;
  column-gap: .75rem; padding: .75rem 1rem; background: var(--panel); border: 1px solid var(--line);
  border-radius: 8px;
}
#tracks .name {
  align-self: center; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-weight: 600;
  border-left: 4px solid var(--label, transparent); padding-left: .5rem;
}
#tracks .row {
  overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-size: .78rem; line-height: 20px;
  color: var(--faint);
}
#tracks .track { position: relative; height: 20px; border-bottom: 1px solid var(--line); }
#tracks .first { margin-top: 8px; }
#tracks .axis { height: 22px; }
#tracks .tick {
  position: absolute; font-size: .72rem; color: var(--faint); border-left: 1px solid var(--line); padding-left: 3px;
  white-space: nowrap;
}
#tracks .bar {
  position: absolute; top: 3px; bottom: 3px; min-width: 2px; padding: 0; border: 0; background: var(--label);
  border-radius: 3px; cursor: pointer; print-color-adjust: exact;
}
#tracks .bar:focus-visible { opacity: 1 !important; z-index: 1; }
#tracks .strip { height: auto; border: 0; margin-bottom: 4px; }
#tracks .strip img { display: block; width: 100%; border-radius: 4px; }
#tracks .curve { height: 32px; }
#tracks .curve svg { display: block; width: 100%; height: 100%; padding: 3px 0; }
#tracks .curve polyline { fill: none; stroke: var(--accent); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
#tracks .track { cursor: pointer; }
#tracks.playing .track::after {
  content: ''; position: absolute; top: 0; bottom: 0; left: var(--now); border-left: 2px solid var(--accent);
  pointer-events: none;
}
#player {
  position: fixed; right: 1rem; bottom: 1rem; width: min(21rem, 45vw); padding: .5rem; background: var(--panel);
  border: 1px solid var(--line); border-radius: 8px; box-shadow: 0 4px 24px #0006; z-index: 2;
}
#player video { display: block; width: 100%; max-height: 15rem; margin-bottom: .4rem; background: #000; }
#tracks .bar.detection { box-shadow: inset 0 0 0 1px var(--ink); }
details { margin: .75rem 0; }
summary { cursor: pointer; }
pre {
  overflow: auto; padding: .75rem 1rem; background: var(--panel); border: 1px solid var(--line); border-radius: 8px;
  font-size: .82rem;
}
`;
