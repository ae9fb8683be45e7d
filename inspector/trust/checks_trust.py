"""Who vouches for a chain, for which names, and when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from inspector.report import Severity
from inspector.trust.constraints import outside
from inspector.trust.findings import Finding
from inspector.trust.question import BASELINE, DAY, RFC5280, Question, day, role
from inspector.words import duration, listed, ticked

_HERE = {"sent": "was sent along", "store": "is in the trusted store"}


def trust(q: Question) -> Iterator[Finding]:
    """Does the path reach an authority that is trusted?"""
    if q.path.anchored:
        return
    last = q.path.links[-1]
    voucher, top = last.voucher, len(q.path.links) - 1
    if voucher.signature == "bad":
        yield Finding(
            "bad-signature",
            Severity.ERROR,
            "The signature was made by somebody else",
            f"`{last.facts.subject}` names `{voucher.by}` as its issuer, and the certificate of that name "
            f"{_HERE.get(voucher.kind, 'is known')}; but its key does not "
            "verify the signature. Either another authority uses the same name, or the certificate was altered or "
            "made up.",
            "The server's operator installs the intermediate that belongs to this certificate (its key identifier "
            "tells them apart), or has a new one issued. If a client meets this on a well-known site, it should not "
            "go on.",
            "ERR_CERT_AUTHORITY_INVALID",
            link=top,
            reference=f"{RFC5280}6.1.3",
        )
    elif voucher.kind == "itself" and top == 0:
        yield Finding(
            "self-signed",
            Severity.ERROR,
            "The certificate vouches for itself",
            f"`{last.facts.subject}` is signed with its own key and is not in the trusted store. Anybody can make "
            "such a certificate for any name, so it proves nothing about who answers.",
            "The server's operator gets a certificate from an authority (for a public name, any ACME authority, free "
            "of charge). For a server of your own, make a small authority and trust that: then a renewed certificate "
            "needs no new exception.",
            "ERR_CERT_AUTHORITY_INVALID",
            link=0,
            reference=f"{RFC5280}6.1",
        )
    elif voucher.kind == "itself":
        yield Finding(
            "untrusted-root",
            Severity.ERROR,
            "The authority at the top is not trusted here",
            f"The chain is complete and ends in `{last.facts.subject}`, which vouches for itself. It is not in the "
            "store that was asked, and that it was sent along changes nothing: whom to trust is the client's choice.",
            "If this is your own or your organisation's authority, install its certificate in the client's store, "
            "after comparing its fingerprint with one obtained another way. Otherwise the server needs a certificate "
            "from an authority that its clients know.",
            "ERR_CERT_AUTHORITY_INVALID",
            link=top,
            reference=f"{RFC5280}6.1.1",
        )
    else:
        hint = f" Its certificate can be fetched from {last.facts.issuer_at[0]}." if last.facts.issuer_at else ""
        yield Finding(
            "missing-issuer",
            Severity.ERROR,
            "The chain ends before it reaches an authority",
            f"`{last.facts.subject}` was signed by `{voucher.by}`, whose certificate was neither sent nor is in the "
            "trusted store. Either the server leaves out an intermediate, or the authority is unknown here: from the "
            f"outside both look the same.{hint} Some browsers fetch or remember missing intermediates, so the same "
            "server may work in one client and fail in the next.",
            "The server's operator configures the full chain: the server's certificate, then every intermediate, "
            "without the root (`fullchain.pem` in the words of ACME clients).",
            "ERR_CERT_AUTHORITY_INVALID",
            link=top,
            reference="https://www.rfc-editor.org/rfc/rfc8446#section-4.4.2",
        )


def names(q: Question) -> Iterator[Finding]:
    """Does the server's certificate speak for the host that was asked for?"""
    if q.name is None or q.name.matches:
        return
    missing = not q.leaf.has_names
    yield Finding(
        "no-names" if missing else "name-mismatch",
        Severity.ERROR,
        "The certificate speaks for no host" if missing else "The certificate is for another host",
        f"{q.name.because} The connection may be encrypted as well as any, but with a party that has not shown to be "
        f"`{q.host}`.",
        f"The server's operator has a certificate issued that lists `{q.host}` among its subject alternative names"
        + (" as an IP address." if q.host and q.host[0].isdigit() else ".")
        + " If the certificate is right and the server wrong, see which virtual host answers for this name (SNI).",
        "ERR_CERT_COMMON_NAME_INVALID",
        link=0,
        reference="https://www.rfc-editor.org/rfc/rfc9525#section-6",
    )


def constraints(q: Question) -> Iterator[Finding]:
    """Do the authorities above allow the names below them?"""
    for place, link in enumerate(q.path.links[1:], 1):
        facts = link.facts
        if not facts.permitted and not facts.excluded:
            continue
        bad = outside(q.leaf.dns_names, q.leaf.addresses, facts.permitted, facts.excluded)
        if bad:
            allowed = f"for {listed(ticked(facts.permitted))}" if facts.permitted else ""
            barred = f"not for {listed(ticked(facts.excluded))}" if facts.excluded else ""
            yield Finding(
                "name-constraint",
                Severity.ERROR,
                "Its authority may not speak for this name",
                f"`{facts.subject}` may vouch {' and '.join(filter(None, (allowed, barred)))} (name constraints), and "
                f"the server's certificate lists {listed(ticked(bad))}. One name outside makes the whole certificate "
                "invalid.",
                "Have the certificate issued by an authority without that limit, or leave the name out. The limit "
                "itself is a good thing: it is what makes a private authority harmless for other sites.",
                "ERR_CERT_INVALID",
                link=place,
                reference=f"{RFC5280}4.2.1.10",
            )


def validity(q: Question) -> Iterator[Finding]:
    """Is every certificate of the path valid at the moment judged?"""
    for place, link in enumerate(q.path.links):
        facts = link.facts
        whose = "The certificate" if place == 0 else f"The {role(link)} `{facts.subject}`"
        if q.at > facts.not_after:
            yield Finding(
                "expired",
                Severity.ERROR,
                f"{whose} has expired",
                f"It was valid until {day(facts.not_after)}, {duration(q.at - facts.not_after)} before the moment "
                "judged. An expired certificate is refused because its authority no longer keeps track of whether "
                "its key was stolen.",
                "The server's operator renews it and reloads the server; the usual cause is a renewal that ran and a "
                "server that still holds the old file. If only one client complains, look at that client's clock."
                if place == 0
                else "The server's operator replaces the intermediate with the authority's current one; the server's "
                "own certificate need not change if the new intermediate has the same key.",
                "ERR_CERT_DATE_INVALID",
                link=place,
                reference=f"{RFC5280}4.1.2.5",
            )
        elif q.at < facts.not_before:
            yield Finding(
                "not-yet-valid",
                Severity.ERROR,
                f"{whose} is not valid yet",
                f"Its validity begins on {day(facts.not_before)}, {duration(facts.not_before - q.at)} after the moment "
                "judged.",
                "Look at the client's clock first: a date that is behind is the usual cause. Otherwise the server's "
                "operator keeps the previous certificate until then.",
                "ERR_CERT_DATE_INVALID",
                link=place,
                reference=f"{RFC5280}4.1.2.5",
            )
        elif place == 0 and (left := facts.not_after - q.at) < min(14 * DAY, facts.lifetime / 4):
            yield Finding(
                "expires-soon",
                Severity.NOTE,
                f"It expires in {duration(left)}",
                f"It was made for {duration(facts.lifetime)}. Renewal usually happens when a third of the lifetime is "
                "left, so it may be overdue.",
                "The server's operator looks whether the renewal runs, before visitors do.",
                link=0,
            )


def lifetime(q: Question) -> Iterator[Finding]:
    """Is the server's certificate made for longer than clients accept?"""
    facts = q.leaf
    days = facts.lifetime / DAY
    limit = public_limit(facts.not_before)
    if q.public and days > limit:
        yield Finding(
            "too-long-lived",
            Severity.ERROR,
            f"It is valid for {days:,.0f} days; {limit} are the limit",
            f"Certificates issued on {day(facts.not_before)} by an authority that browsers ship may last {limit} days "
            "at most. Longer ones are refused, so that a mistake or a stolen key does not last for years.",
            "The server's operator has it issued anew, and lets an ACME client renew it from then on.",
            "ERR_CERT_VALIDITY_TOO_LONG",
            link=0,
            reference=BASELINE,
        )
    elif days > 825 and facts.not_before >= _APPLE_FROM:
        yield Finding(
            "too-long-lived",
            Severity.WARNING,
            f"It is valid for {days:,.0f} days",
            "Apple's systems refuse server certificates that last longer than 825 days, those of private authorities "
            f"included. Chrome and Firefox have a limit ({limit} days) for the authorities they ship, and none for "
            "one that you added.",
            "Whoever runs the authority issues it for 825 days or fewer (`openssl x509 -days 825`); 90 are better, "
            "with a renewal that runs by itself.",
            refused_by="Safari and everything on macOS and iOS",
            link=0,
            reference="https://support.apple.com/en-us/103769",
        )


_APPLE_FROM = datetime(2019, 7, 1, tzinfo=UTC).timestamp()
_LIMITS = ((2029, 3, 15, 47), (2027, 3, 15, 100), (2026, 3, 15, 200), (2020, 9, 1, 398), (2018, 3, 1, 825))


def public_limit(issued: float) -> int:
    """Days that a certificate of a public authority may last, by its date of issue (Baseline Requirements, 6.3.2)."""
    for year, month, first, days in _LIMITS:
        if issued >= datetime(year, month, first, tzinfo=UTC).timestamp():
            return days
    return 1187  # 39 months
