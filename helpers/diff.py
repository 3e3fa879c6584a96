"""Two texts of Relay, line by line: what a pass took away and what it put in.

- %1 = nn.batch_norm(%0, …);
- %2 = %1.0;
+ %1 = multiply(%0, …);
  nn.relu(%2)
"""

import difflib
import html
import re
from dataclasses import dataclass
from typing import Any

from helpers.text import main_text

# Where a line stands: its own number, those that it refers to, its end, and its span.
_POSITION = re.compile(r"^\s*(%\d+ = )?|(?<=%)\d+(?=[,)]|\.\d)|(?<=\[relay\.Constant\]\[)\d+|;$| span=\S+(?= \*/)")
# A background that lets the page's own shine through: the same on a light and on a dark page.
_STYLE = """
<style>
.relay-diff pre { margin: 0; overflow-x: auto; line-height: 1.5; }
.relay-diff code { display: inline-block; min-width: 100%; padding: 0; background: none; border: 0; color: inherit; }
.relay-diff ins, .relay-diff del, .relay-diff span { display: block; text-decoration: none; padding: 0 0.4em; }
.relay-diff ins { background: rgb(46 160 67 / 22%); border-left: 3px solid rgb(46 160 67); }
.relay-diff del { background: rgb(248 81 73 / 20%); border-left: 3px dashed rgb(248 81 73); }
.relay-diff span { border-left: 3px solid transparent; }
</style>
"""
_ELEMENT = {"+": "ins", "-": "del", " ": "span"}


@dataclass(frozen=True)
class Diff:
    """The lines of two texts, each with its mark: `-` only before, `+` only after, a space for both.

    Shows itself as text or, in a notebook, in colour.
    """

    lines: tuple[tuple[str, str], ...]

    @property
    def changed(self) -> int:
        """How many lines stand in one of the two texts only."""
        return sum(mark != " " for mark, _ in self.lines)

    def __str__(self) -> str:
        return "\n".join(f"{mark} {line}" for mark, line in self.lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        lines = "".join(
            f"<{_ELEMENT[mark]}>{mark} {html.escape(line)}\n</{_ELEMENT[mark]}>" for mark, line in self.lines
        )
        return f'{_STYLE}<div class="relay-diff"><pre tabindex="0"><code>{lines}</code></pre></div>'


def before_after(before: Any, after: Any, types: bool = False) -> Diff:
    """What stands in only one of two modules (their `main`) or functions, and in which.

    Lines are compared without their numbers: `%4` that became `%6` is no change. So a line may count as unchanged
    although it reads another line's result now; it is shown as it stands in `after`. Types are compared where both
    have them, though they are only shown if `types`; spans never are.
    """
    old, new = main_text(before, types).splitlines(), main_text(after, types).splitlines()
    match = difflib.SequenceMatcher(None, *_keys(before, after), autojunk=False)
    lines: list[tuple[str, str]] = []
    for kind, old_start, old_end, new_start, new_end in match.get_opcodes():
        if kind == "equal":
            lines += [(" ", line) for line in new[new_start:new_end]]
        else:
            lines += [("-", line) for line in old[old_start:old_end]]
            lines += [("+", line) for line in new[new_start:new_end]]
    return Diff(tuple(lines))


def _keys(before: Any, after: Any) -> tuple[list[str], list[str]]:
    """The lines of both without what only tells where they stand: a name before, numbers inside, a semicolon after."""
    texts = [main_text(thing, types=True) for thing in (before, after)]
    if not all("/* ty=" in text for text in texts):
        texts = [main_text(thing) for thing in (before, after)]
    old, new = ([_POSITION.sub("", line) for line in text.splitlines()] for text in texts)
    return old, new
