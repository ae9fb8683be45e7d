"""Explained certificate chains in the terminal, and as JSON (``inspector.trust/1``)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from rich.console import Console
from rich.text import Text

from inspector.render.blocks import GLYPHS, STYLES
from inspector.render.escape import clipped
from inspector.render.layout import Canvas
from inspector.report import Severity
from inspector.trust.explain import Explained
from inspector.trust.facts import Facts
from inspector.trust.findings import Finding
from inspector.trust.links import Link
from inspector.trust.question import day
from inspector.trust.sides import Sides
from inspector.trust.sources import Case, Recorded
from inspector.words import count, duration, listed, ticked

SCHEMA = "inspector.trust/1"
_LABEL = 12

_OUTCOMES = {
    "accepted": ("✓ accepted", "bold green"),
    "refused": ("✗ refused", "bold red"),
    "depends": ("▲ depends", "bold yellow"),
    "unknown": ("● not known", "bold blue"),
}


def as_json(cases: Sequence[Case]) -> str:
    """All cases as one JSON object."""
    encoded = msgspec.json.encode({"schema": SCHEMA, "chains": cases})
    return msgspec.json.format(encoded).decode("utf-8")


def print_cases(console: Console, cases: Iterable[Case]) -> None:
    """Print every case: the verdict first, the chain link by link, what stands out, both chains of a proxied one."""
    canvas = Canvas(console)
    for case in cases:
        canvas.blank()
        canvas.line((clipped(case.title, 200), "bold"), ("  " + clipped(case.source, 300), "dim"))
        if case.presented is not None:
            _explained(canvas, case.presented, "The server's chain" if case.shown is not None else "The chain")
        if case.recorded is not None:
            _recorded(canvas, case.recorded)
        if case.verify_error:
            canvas.blank()
            canvas.prose(f"The proxy that recorded this refused the server: {case.verify_error}.")
        if case.sides is not None:
            _sides(canvas, case.sides)
        if case.shown is not None and (case.sides is None or case.sides.intercepted):
            _explained(canvas, case.shown, "What the client was shown")
        for note in case.notes:
            canvas.blank()
            canvas.prose(note, "● ", "  ")
    canvas.flush()


def _explained(canvas: Canvas, chain: Explained, title: str) -> None:
    shown, style = _OUTCOMES[chain.verdict.outcome]
    code = f"net::{chain.verdict.code}" if chain.verdict.code else ""
    canvas.blank()
    canvas.line((shown, style), ("  " if code else "", ""), (code, "dim"))
    canvas.prose(chain.verdict.because, "  ")
    asked = f"for `{chain.host}`, " if chain.host else ""
    canvas.prose(f"Judged {asked}at {day(chain.at)}, trusting {chain.anchors}.", "  ", style="dim")
    settled = [each for each in (chain.handshake.version, chain.handshake.cipher, chain.handshake.alpn) if each]
    if settled:
        canvas.prose(f"Spoken: {', '.join(settled)}.", "  ", style="dim")
    looked = "was" if chain.revocation_checked else "was not"
    canvas.prose(f"Revocation {looked} looked up.", "  ", style="dim")
    if chain.verdict.verifier and chain.verdict.outcome != "refused":
        canvas.prose(f"The verifier's own words: {chain.verdict.verifier}.", "  ", style="dim")
    canvas.heading(title)
    for number, link in enumerate(chain.path.links):
        _link(canvas, number, link, chain)
    for each in chain.unreadable:
        canvas.prose(f"{each}.", "    ")
    if chain.path.unused:
        places = listed(str(place + 1) for place in chain.path.unused)
        what = "certificate" if len(chain.path.unused) == 1 else "certificates"
        canvas.prose(f"Sent as {what} {places} of {chain.sent}, without a part in this chain.", "    ", style="dim")
        canvas.blank()
    if chain.findings:
        canvas.heading("What stands out")
        for finding in chain.findings:
            _finding(canvas, finding)


def _link(canvas: Canvas, number: int, link: Link, chain: Explained) -> None:
    facts = link.facts
    place = "the server's own certificate" if number == 0 else "the certificate above it"
    if link.anchored:
        place = "a trusted authority" if number else "trusted as it is"
    came = f"sent as {link.position + 1} of {chain.sent}" if link.position is not None else "not sent"
    if link.anchored and link.position is None:
        came = "from the store"
    canvas.add(Text.assemble((f"{number + 1}  ", "bold"), (clipped(facts.subject, 200), "bold")), "", "   ")
    canvas.prose(f"{place}, {came}", "   ", style="dim")
    rows = [("vouched by", voucher_sentence(link))]
    if number == 0:
        because = chain.name.because if chain.name is not None else _names(facts)
        rows.append(("names", because if chain.name is None or not chain.name.matches else f"✓ {because}"))
        if chain.name is not None and chain.name.matches and len(facts.names) > 1:
            rows.append(("", f"It lists {_names(facts)}."))
    rows += [
        ("valid", _validity(facts, chain.at)),
        ("key", f"{facts.key}, SHA-256 `{facts.spki_sha256[:16]}…`"),
        ("may", _may(facts)),
        ("limited to", _limits(facts)),
        ("revocation", _revocation(facts)),
        ("published", _stamps(facts)),
        ("checked", f"its authority says that it checked {facts.checked}" if facts.checked else ""),
        ("serial", facts.serial),
        ("SHA-256", facts.sha256),
    ]
    for label, text in rows:
        if text:
            canvas.prose(text, f"   {label:<{_LABEL}}", " " * (3 + _LABEL))
    canvas.blank()


def voucher_sentence(link: Link) -> str:
    """Who signed a certificate, with what, and what came of checking that."""
    voucher, facts = link.voucher, link.facts
    match voucher.kind, voucher.signature:
        case "itself", _:
            return f"itself, with `{facts.signature}`; the signature is good, and proves only that it has its own key"
        case "nobody", _:
            return (
                f"`{voucher.by}`, it says, with `{facts.signature}`; that certificate is not here, so nobody checked it"
            )
        case "store", None:
            return f"`{voucher.by}`, which does not matter: this one is trusted as it is"
        case where, "good":
            here = {"sent": "sent along", "store": "in the trusted store"}.get(where, "known from the recording")
            return f"`{voucher.by}` ({here}), with `{facts.signature}`; checked: the signature is good"
        case _, "bad":
            return f"`{voucher.by}`, it says; checked: its key did not make this signature"
    return f"`{voucher.by}`, with `{facts.signature}`, which could not be checked here"


def _names(facts: Facts) -> str:
    return listed(ticked(facts.names), most=12) or ("no name" if facts.has_names else "")


def _validity(facts: Facts, at: float) -> str:
    if at > facts.not_after:
        left = f"over for {duration(at - facts.not_after)}"
    elif at < facts.not_before:
        left = f"begins in {duration(facts.not_before - at)}"
    else:
        left = f"{duration(facts.not_after - at)} left"
    return f"{day(facts.not_before)} to {day(facts.not_after)} ({duration(facts.lifetime)}; {left})"


def _may(facts: Facts) -> str:
    parts = []
    if facts.ca:
        depth = facts.path_length
        below = "" if depth is None else ", servers alone" if depth == 0 else f", {depth} levels deep at most"
        parts.append(f"vouch for others{below}")
    if facts.purposes is not None:
        parts.append(f"be used for {listed(facts.purposes)}")
    if facts.usages is not None:
        parts.append(f"use its key for {listed(facts.usages) or 'nothing'}")
    return "; ".join(parts) or "not said"


def _limits(facts: Facts) -> str:
    parts = []
    if facts.permitted:
        parts.append(f"only {listed(ticked(facts.permitted))}")
    if facts.excluded:
        parts.append(f"never {listed(ticked(facts.excluded))}")
    return "; ".join(parts)


def _revocation(facts: Facts) -> str:
    parts = []
    if facts.ocsp:
        parts.append(f"OCSP at {', '.join(facts.ocsp)}")
    if facts.crls:
        parts.append(f"revocation list at {', '.join(facts.crls)}")
    if facts.issuer_at:
        parts.append(f"its issuer's certificate at {', '.join(facts.issuer_at)}")
    if facts.must_staple:
        parts.append("promises a stapled OCSP answer")
    return "; ".join(parts)


def _stamps(facts: Facts) -> str:
    if not facts.scts:
        return ""
    first = min(stamp.time for stamp in facts.scts)
    logs = listed((f"`{stamp.log[:12]}…`" for stamp in facts.scts), most=4)
    return f"{count(len(facts.scts), 'transparency log')} promised it ({logs}), the first at {day(first)}"


def _finding(canvas: Canvas, finding: Finding) -> None:
    glyph = GLYPHS[finding.severity]
    where = f" (certificate {finding.link + 1})" if finding.link else ""
    canvas.add(
        Text.assemble((f"{glyph} {finding.severity} ", STYLES[finding.severity]), (f"{finding.title}{where}", "bold"))
        if finding.severity is not Severity.INFO
        else Text(finding.title),
        "",
        "  ",
    )
    canvas.prose(finding.detail, "  ")
    canvas.prose(finding.fix, "  ", lead=Text("Fix: ", "bold green"))
    if finding.reference:
        canvas.line("  ", (finding.reference, "dim"))
    canvas.blank()


def _sides(canvas: Canvas, sides: Sides) -> None:
    canvas.heading("Both chains side by side")
    if not sides.intercepted:
        canvas.prose("The client was shown the very certificate that the server presented: nobody reads along.")
        return
    label = max(len(row.what) for row in sides.rows) + 2
    room = max((min(canvas.width, 120) - label - 6) // 2, 12)
    canvas.line(" " * (label + 2), (f"{'the server presented':<{room}}  the client was shown", "dim"))
    for row in sides.rows:
        left, right = (clipped(value, 400) for value in (row.presented, row.shown))
        mark, style = ("=", "dim") if row.same else ("≠", "bold yellow")
        pieces = [Text(value).wrap(canvas.console, room) for value in (left, right)]
        for line in range(max(map(len, pieces))):
            one, other = (piece[line].plain.rstrip() if line < len(piece) else "" for piece in pieces)
            head = (f"{mark} {row.what:<{label}}", style) if line == 0 else (" " * (label + 2), "")
            canvas.line(head, one.ljust(room), "  ", other)
    canvas.heading("How the client could have noticed")
    for sentence in sides.noticed_by:
        canvas.prose(sentence, "· ", "  ")


def _recorded(canvas: Canvas, recorded: Recorded) -> None:
    certificate = recorded.certificate
    canvas.blank()
    canvas.line(("● not known", "bold blue"))
    canvas.prose(
        "The recording holds what the browser said about the certificate, not the certificate. That the browser went "
        "on means that it accepted it, or that somebody clicked a warning away.",
        "  ",
    )
    canvas.heading("What is known")
    dates = [f"from {day(certificate.not_before)}" if certificate.not_before is not None else ""]
    dates.append(f"until {day(certificate.not_after)}" if certificate.not_after is not None else "")
    valid = " ".join(filter(None, dates))
    if recorded.expired is not None:
        valid += ", expired when it was recorded" if recorded.expired else ", valid when it was recorded"
    rows = [
        ("subject", certificate.subject),
        ("vouched by", f"{certificate.issuer}, it says" if certificate.issuer else ""),
        ("names", recorded.name.because if recorded.name is not None else ""),
        ("valid", valid),
    ]
    for label, text in rows:
        if text:
            canvas.prose(text, f"   {label:<{_LABEL}}", " " * (3 + _LABEL))
    canvas.heading("What is not")
    canvas.prose(
        "The key, the signature and who made it, the chain above, usages, constraints, revocation, timestamps. "
        "`inspector trust show HOST` asks the server, and a recording by `inspector proxy --save FILE.mitm` keeps both "
        "chains.",
        "   ",
    )
