"""Many exchanges, one a line, in columns that fit the width."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from inspector.render.blocks import number, status_style, tally, version
from inspector.render.escape import clipped
from inspector.render.grouping import counts
from inspector.render.layout import Canvas, duration, fit, plural, size
from inspector.report import ExchangeReport, Severity

MOST = 60
"""Exchanges listed; of more, those that stand out are chosen."""
_LEAST_URL = 24


def listing(canvas: Canvas, exchanges: Sequence[ExchangeReport], captures: int) -> None:
    """List exchanges; of very many, those that stand out (findings, failures), saying how many are left out."""
    chosen = list(exchanges) if len(exchanges) <= MOST else _telling(exchanges)
    rows = [_row(exchange, captures) for exchange in chosen]
    widths = [max(cell_len(row[i]) for row in rows) for i in range(len(rows[0]))]
    # Columns go, least telling first, until the URL has room.
    shown = [i for i, width in enumerate(widths) if width]
    marks = max((_marks(exchange).cell_len for exchange in chosen), default=0)
    for column in (3, 4, 5, 6, 1):
        if _rest(canvas, widths, shown, marks) >= _LEAST_URL:
            break
        if column in shown:
            shown.remove(column)
    room = max(_rest(canvas, widths, shown, marks), 8)
    for exchange, row in zip(chosen, rows, strict=True):
        line = Text()
        for i in shown:
            cell = row[i].rjust(widths[i]) if i in (0, 5, 6) else row[i].ljust(widths[i])
            line.append(f"{cell}  ", status_style(exchange.status) if i == 2 else "" if i == 1 else "dim")
        if marks:
            found = _marks(exchange)
            line.append_text(found).append(" " * (marks - found.cell_len + 2))
        line.append(fit(exchange.url, room))
        line.rstrip()
        canvas.line(line)
    if len(chosen) < len(exchanges):
        canvas.prose(
            f"The {len(chosen)} that stand out most of {plural(len(exchanges), 'exchange')}; `-v` shows all of them, "
            "`--host`, `--status` and `--only` choose.",
            "",
            style="dim",
        )


def _rest(canvas: Canvas, widths: list[int], shown: list[int], marks: int) -> int:
    return canvas.width - sum(widths[i] + 2 for i in shown) - (marks + 2 if marks else 0)


def _row(exchange: ExchangeReport, captures: int) -> tuple[str, ...]:
    status = str(exchange.status) if exchange.status is not None else "---"
    kind = exchange.resource_type or (exchange.media_type or "").rpartition("/")[2]
    return (
        number(exchange, captures),
        clipped(exchange.method, 10),
        status,
        version(exchange),
        fit(kind, 12),
        size(exchange.size),
        duration(exchange.duration),
    )


def _marks(exchange: ExchangeReport) -> Text:
    found = counts(exchange.annotations)
    del found[Severity.INFO]
    return tally(found.items(), words=False)


def _telling(exchanges: Sequence[ExchangeReport]) -> list[ExchangeReport]:
    """The exchanges with the gravest findings or without success, at most `MOST`, in the order given."""

    def weight(exchange: ExchangeReport) -> tuple[int, int]:
        found = counts(exchange.annotations)
        failed = exchange.status is None or exchange.status >= 400
        return (found[Severity.ERROR] * 100 + found[Severity.WARNING] * 10 + failed * 50, found[Severity.NOTE])

    places = sorted(range(len(exchanges)), key=lambda place: (*(-w for w in weight(exchanges[place])), place))[:MOST]
    return [exchanges[place] for place in sorted(places)]
