"""How a graph looks: colours for light and dark, and the rules that use them.

A picture that stands alone has the colours written out, for programs that draw SVG and know no custom properties. On a
page they are custom properties, so that the picture follows the page's theme.
"""

# Each colour's name, on light and on dark.
PALETTE = {
    "paper": ("#ffffff", "#12171e"),
    "ink": ("#16202c", "#e6edf3"),
    "muted": ("#55626f", "#9aa7b5"),
    "edge": ("#77838f", "#8a97a5"),
    "integer": ("#1f7a4a", "#4cc38a"),
    "op": ("#f0f3f7", "#232c37"),
    "op-line": ("#7b8896", "#71808f"),
    "work": ("#d5e3f7", "#1f3a5c"),
    "work-line": ("#2f62a8", "#74a7ea"),
    "boundary": ("#fdeccb", "#4a3711"),
    "boundary-line": ("#a06f0c", "#e0ac42"),
    "scale": ("#ebe2f8", "#3a2b57"),
    "scale-line": ("#7a4bb8", "#b795e8"),
    "scale-ink": ("#5b3590", "#cdb4f2"),
    "region": ("#e2f3e7", "#15301f"),
    "region-line": ("#2f8a52", "#3f9a63"),
    "region-ink": ("#1d6438", "#6fcf97"),
}

_RULES = """
.relay-graph-svg { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.relay-graph-svg text { font-size: 12px; fill: $ink; stroke: none; text-anchor: middle; }
.relay-graph-svg .paper { fill: $paper; stroke: none; }
.relay-graph-svg .box { fill: $op; stroke: $op-line; stroke-width: 1.2; }
.relay-graph-svg .work .box { fill: $work; stroke: $work-line; stroke-width: 1.6; }
.relay-graph-svg .work text { font-weight: 600; }
.relay-graph-svg .boundary .box { fill: $boundary; stroke: $boundary-line; stroke-width: 1.4; }
.relay-graph-svg .scale .box { fill: $scale; stroke: $scale-line; stroke-width: 1.4; }
.relay-graph-svg text.more { font-size: 11px; font-weight: 400; fill: $muted; }
.relay-graph-svg .scale text.more { fill: $scale-ink; }
.relay-graph-svg .input .box, .relay-graph-svg .result .box { fill: $paper; stroke: $op-line; }
.relay-graph-svg .fused .box { fill: $op; stroke: $op-line; stroke-width: 1.6; }
.relay-graph-svg .fused.int .box { fill: $region; stroke: $region-line; }
.relay-graph-svg .folded .box { fill: $paper; stroke: $op-line; stroke-dasharray: 4 3; }
.relay-graph-svg .mark { fill: $muted; stroke: $paper; stroke-width: 1; }
.relay-graph-svg .edge { fill: none; stroke: $edge; stroke-width: 1.3; }
.relay-graph-svg .edge.int8 { stroke: $integer; stroke-width: 3.4; }
.relay-graph-svg .edge.int { stroke: $integer; stroke-width: 2; stroke-dasharray: 6 3; }
.relay-graph-svg .edge.hint { stroke: $boundary-line; stroke-width: 3.4; stroke-dasharray: 2 3; }
.relay-graph-svg .head { fill: $edge; stroke: none; }
.relay-graph-svg .int8 .head, .relay-graph-svg .int .head { fill: $integer; }
.relay-graph-svg .hint .head { fill: $boundary-line; }
.relay-graph-svg text.value { font-size: 10.5px; text-anchor: start; }
.relay-graph-svg text.left { text-anchor: end; }
.relay-graph-svg text.between { text-anchor: middle; }
.relay-graph-svg .dtype { fill: $integer; }
.relay-graph-svg .shape { font-size: 10px; font-weight: 400; fill: $muted; }
.relay-graph-svg text.of-mark { font-weight: 400; text-anchor: start; }
.relay-graph-svg text.main { font-weight: 600; }
.relay-graph-svg .rim rect { fill: $region-line; stroke: $region-line; stroke-width: 2.2; }
.relay-graph-svg .rim path { fill: none; stroke: $region-line; stroke-width: 24.2; }
.relay-graph-svg .area rect { fill: $region; stroke: none; }
.relay-graph-svg .area path { fill: none; stroke: $region; stroke-width: 22; }
.relay-graph-svg text.name { font-size: 10px; font-weight: 600; fill: $region-ink; text-anchor: start;
  stroke: $region; stroke-width: 3; paint-order: stroke; }
"""

_PAGE = """
.relay-graph { margin: 0.5em 0; color: var(--relay-ink); background: var(--relay-paper); border-radius: 6px;
  border: 1px solid rgb(128 128 128 / 35%); position: relative; }
.relay-graph .bar { display: flex; flex-wrap: wrap; align-items: center; gap: 0.2em 1.2em; font-size: 0.85em;
  padding: 0.25em 0.6em; border-bottom: 1px solid rgb(128 128 128 / 35%); }
.relay-graph .bar label { cursor: pointer; white-space: nowrap; }
.relay-graph .bar .zoom { margin-left: auto; white-space: nowrap; }
.relay-graph .bar button { font: inherit; min-width: 2em; color: inherit; background: transparent; cursor: pointer;
  border: 1px solid rgb(128 128 128 / 55%); border-radius: 4px; }
.relay-graph .view { overflow: auto; max-height: min(52rem, 85vh); }
.relay-graph .view:focus-visible, .relay-graph pre:focus-visible { outline: 2px solid var(--relay-work-line);
  outline-offset: -2px; }
.relay-graph .view svg { display: block; margin: 0 auto; max-width: none; }
.relay-graph[data-zoom] .view { cursor: grab; }
.relay-graph[data-zoom] .view.grab { cursor: grabbing; user-select: none; }
.relay-graph .key { display: flex; flex-wrap: wrap; gap: 0.1em 1.2em; font-size: 0.8em; padding: 0.25em 0.6em;
  border-top: 1px solid rgb(128 128 128 / 35%); }
.relay-graph details { font-size: 0.8em; border-top: 1px solid rgb(128 128 128 / 35%); }
.relay-graph details summary { cursor: pointer; padding: 0.25em 0.8em; display: list-item;
  list-style: disclosure-closed inside; }
.relay-graph details[open] summary { list-style-type: disclosure-open; }
.relay-graph details pre { margin: 0; padding: 0.25em 0.8em; overflow: auto; max-height: 30rem; color: inherit;
  background: none; border: 0; box-shadow: none; }
.relay-graph .key span { display: inline-flex; align-items: center; gap: 0.4em; }
.relay-graph:not(:has(.shapes:checked)) .shape { display: none; }
"""

# Who says which theme it is goes before the system: this book, JupyterLab and Notebook, VS Code, Colab.
_SAY_LIGHT, _SAY_DARK = (
    f'html[data-theme="{theme}"], body[data-jp-theme-light="{is_light}"], body.vscode-{theme}, html[theme="{theme}"]'
    for theme, is_light in (("light", "true"), ("dark", "false"))
)


def alone(theme: str) -> str:
    """The rules for a picture that stands alone: `light`, `dark`, or `auto`, which is what the reader's system is."""
    if theme != "auto":
        return _coloured(theme == "dark")
    return f"{_coloured(False)}@media (prefers-color-scheme: dark) {{{_coloured(True)}}}"


def page() -> str:
    """The rules for pictures on a page, and for what stands around them."""
    light, dark = (
        "".join(f"--relay-{name}: {colours[which]};" for name, colours in PALETTE.items()) for which in (0, 1)
    )
    rules = _RULES
    for name in sorted(PALETTE, key=len, reverse=True):
        rules = rules.replace(f"${name}", f"var(--relay-{name})")
    return (
        f".relay-graph {{{light}}}"
        f"@media (prefers-color-scheme: dark) {{.relay-graph {{{dark}}}}}"
        f":is({_SAY_LIGHT}) .relay-graph {{{light}}}:is({_SAY_DARK}) .relay-graph {{{dark}}}{_PAGE}{rules}"
    )


def _coloured(dark: bool) -> str:
    rules = _RULES
    for name in sorted(PALETTE, key=len, reverse=True):
        rules = rules.replace(f"${name}", PALETTE[name][dark])
    return rules
