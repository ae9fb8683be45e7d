"""A story's waterfall: one line an exchange, drawn to the width there is.

    #0   shop.test/               document  12.4 kB  .-===##            120 ms
    #3 * app.js                   script    80.0 kB       --====####    240 ms

A line has how the time was spent: held back, connection, waiting, receiving. A star marks the critical path.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from inspector.render.layout import Canvas, duration, fit, size
from inspector.report import Bar, Moment, Story
from inspector.url import parse

COMPACT = 12
"""Bars shown of a story that is not told in full."""
_NARROW = 64
"""Columns below which bars are left out, and start and duration stand as numbers."""
_SIGNS = {
    "blocked": (".", "dim"),
    "dns": ("-", "yellow"),
    "connect": ("-", "yellow"),
    "tls": ("-", "yellow"),
    "send": ("=", "green"),
    "wait": ("=", "green"),
    "receive": ("#", "blue"),
}
_LEGEND = ". held back  - connecting  = waiting for the server  # receiving  * critical path  ! rendering waits for it"


def draw(canvas: Canvas, story: Story, *, whole: bool) -> None:
    """Add the waterfall of a story that has one; without `whole`, its most telling lines."""
    bars = story.timeline
    if len(bars) < 2:
        return
    shown = bars if whole else compact(bars)
    end = max([bar.start + bar.duration for bar in bars] + [moment.at for moment in story.moments])
    if end <= 0:
        return
    for bar in shown:
        canvas.line(_line(canvas, bar, end))
    if canvas.width >= _NARROW:
        if story.moments:
            canvas.line(_scale(canvas, story.moments, end))
            said = ", ".join(f"{m.name[0].upper()} {m.name} {duration(m.at)}" for m in story.moments)
            canvas.line((f"  {said}", "dim"))
        canvas.prose(_LEGEND, "  ", style="dim")
    if len(shown) < len(bars):
        canvas.line((f"  {len(bars) - len(shown):,} more exchanges are not drawn", "dim"))


def compact(bars: Sequence[Bar]) -> list[Bar]:
    """The critical path, what rendering waited for, and the longest others; in their order, `COMPACT` of them."""
    ranked = sorted(range(len(bars)), key=lambda n: (not bars[n].critical, not bars[n].blocking, -bars[n].duration))
    return [bars[n] for n in sorted(ranked[:COMPACT])]


def _room(canvas: Canvas) -> tuple[int, int]:
    """Columns for the name and for the bars."""
    width = min(canvas.width, 140)
    name = max(14, min(34, width // 4))
    return name, width - name - 8 - 11 - 9 - 9


def _line(canvas: Canvas, bar: Bar, end: float) -> Text:
    sign = ("*" if bar.critical else " ") + ("!" if bar.blocking else " ")
    lead = Text.assemble((f"  {f'#{bar.exchange}':<6}", "dim"), (sign, "bold"))
    url = parse(bar.label)
    label = url.path.rstrip("/").rpartition("/")[2] or url.host or bar.label
    if canvas.width < _NARROW:
        rest = f"{duration(bar.start):>8} + {duration(bar.duration):<8}"
        room = max(canvas.width - 30, 8)
        shown = fit(label, room)
        return Text.assemble(lead, shown, " " * (room - Text(shown).cell_len + 1), (rest, "dim"))
    name, room = _room(canvas)
    shown = fit(label, name)
    text = Text.assemble(lead, shown, " " * (name - Text(shown).cell_len + 1))
    text.append(f"{bar.kind[:10]:<11}", "dim")
    text.append(f"{size(bar.size):>8} ")
    text.append_text(_drawn(bar, end, room))
    text.append(f" {duration(bar.duration)}", "dim")
    return text


def _drawn(bar: Bar, end: float, room: int) -> Text:
    """The bar itself, `room` columns wide: each column has the phase that its middle falls into."""
    begin = min(int(bar.start / end * room), room - 1)
    last = max(min(round((bar.start + bar.duration) / end * room), room), begin + 1)
    text = Text(" " * begin)
    known = sum(bar.phases.values())
    for column in range(begin, last):
        sign, style = "=", ""
        if known > 0:
            at = (column + 0.5 - begin) / (last - begin) * known
            for phase, took in bar.phases.items():
                sign, style = _SIGNS.get(phase, ("=", ""))
                if at <= took:
                    break
                at -= took
        text.append(sign, style if not bar.critical else f"bold {style}".strip())
    text.append(" " * (room - last))
    return text


def _scale(canvas: Canvas, moments: Sequence[Moment], end: float) -> Text:
    """A line under the bars that shows where the page's events fall."""
    name, room = _room(canvas)
    cells = [" "] * room
    for moment in moments:
        sign = moment.name[0].upper()
        cells[min(int(moment.at / end * room), room - 1)] = sign
    return Text.assemble(" " * (10 + name + 1 + 20), ("".join(cells).rstrip(), "bold"))
