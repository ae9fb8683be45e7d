"""Many exchanges, one a line, in columns that fit the width."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from inspector.render.blocks import number, status_style, tally, version
from inspector.render.escape import clipped
from inspector.render.grouping import counts
from inspector.render.layout import Canvas, duration, fit, size
from inspector.report import ExchangeReport, Severity

ALL = 100
"""Up to this many exchanges are all listed."""
MOST = 60
"""Of more, this many that stand out."""
_LEAST_URL = 40


def listing(canvas: Canvas, exchanges: Sequence[ExchangeReport], captures: int) -> None:
    """List exchanges; of very many, those that stand out (findings, failures), saying how many are left out."""
    chosen = list(exchanges) if len(exchanges) <= ALL else _telling(exchanges)
    if not chosen:
        _left_out(canvas, 0, len(exchanges))
        return
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
        line.append(fit(exchange.url.removeprefix("https://"), room))
        line.rstrip()
        canvas.line(line)
    if len(chosen) < len(exchanges):
        _left_out(canvas, len(chosen), len(exchanges))


def _left_out(canvas: Canvas, shown: int, total: int) -> None:
    which = f"{shown or 'None'} of {total:,} exchanges stand{'s' if shown < 2 else ''} out"
    canvas.prose(f"{which}; `-v` shows all of them, `--host` and `--status` choose.", style="dim")


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
    """The exchanges with findings or without success and the documents, at most `MOST`, in the order given."""

    def weight(exchange: ExchangeReport) -> int:
        found = counts(exchange.annotations)
        failed = exchange.status is None or exchange.status >= 400
        document = exchange.resource_type == "document"
        graver = found[Severity.ERROR] * 1000 + found[Severity.WARNING] * 100 + failed * 500
        return graver + found[Severity.NOTE] * 10 + document * 5

    weights = [weight(exchange) for exchange in exchanges]
    places = sorted((place for place, w in enumerate(weights) if w), key=lambda place: (-weights[place], place))[:MOST]
    return [exchanges[place] for place in sorted(places)]
