"""The bench's medians as a picture: CPU seconds as bars, one panel for each size."""

from html import escape
from typing import Any

from benchmark.contestants import FLOOR, PEERS

COMPARED = {FLOOR, *PEERS, "read_json", "import dbt"}
WIDTH = 760
LABELS = 150  # room for the names, left of the bars
FIGURES = 215  # room for the figures, right of the longest bar
ROW, BAR, HEAD, FOOT = 24, 16, 34, 14

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.head { font-weight: 600; }
.note { fill: #59636e; }
rect { fill: #8c959f; }
rect.ours { fill: #0969da; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .note { fill: #9198a1; }
  rect { fill: #6e7681; }
  rect.ours { fill: #4493f8; }
}
"""


def chart(result: dict[str, Any]) -> str:
    """An SVG of what `bench.py --json` printed.

    What the warehouse does is blue, what it is compared with is grey.
    """
    parts: list[str] = []
    top = 0
    for size in result["sizes"]:
        costs = size["costs"]
        parts.append(_text(0, top + 20, f"{size['events']:,} events", "head"))
        parts.append(_text(LABELS, top + 20, "seconds of CPU", "note"))
        longest = max(cost["cpu"] for cost in costs.values())
        top += HEAD
        for name, cost in costs.items():
            parts.extend(_row(name, cost, costs[FLOOR]["cpu"], longest, top))
            top += ROW
        top += FOOT
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}"'
        f' width="{WIDTH}" height="{top}" role="img">\n'
        f"<title>Seconds of CPU by size and contestant</title>\n"
        f"<style>{STYLE}</style>\n{body}\n</svg>\n"
    )


def _row(
    name: str, cost: dict[str, float], floor: float, longest: float, top: int
) -> list[str]:
    width = max(1.0, (WIDTH - LABELS - FIGURES) * cost["cpu"] / longest)
    kind = "" if name in COMPARED else ' class="ours"'
    base = top + BAR - 3
    figures = f"{cost['cpu']:.1f} s, {cost['cpu'] / floor:.2f} times the floor"
    return [
        _text(0, base, name),
        f'<rect x="{LABELS}" y="{top}" width="{width:.1f}" height="{BAR}"{kind}/>',
        _text(LABELS + width + 8, base, figures, "note"),
    ]


def _text(x: float, y: float, words: str, kind: str = "") -> str:
    shown = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y}"{shown}>{escape(words)}</text>'
