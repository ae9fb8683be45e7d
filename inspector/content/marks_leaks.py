"""What tells of the inside of a site: files served by mistake, listings, source maps, private addresses."""

from __future__ import annotations

from inspector.content.marks_base import SHOWN, TEXTUAL, Mark
from inspector.patterns import compile_late

_CODE = frozenset({"html", "text", "none", "other"})
"""Where a server puts a file it should have run."""
_OCTET = rb"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"


def _address(found: bytes) -> bool:
    """An address of a machine: neither a network's own number nor one that every manual uses."""
    parts = found.decode().split(".")
    if not parts[-1].isdigit():
        return True
    return parts[-1] not in ("0", "255") and found not in (
        b"192.168.0.1",
        b"192.168.1.1",
        b"10.0.0.1",
        b"192.168.1.100",
    )


_PRIVATE = (
    rb"(?:10(?:\."
    + _OCTET
    + rb"){3}|192\.168(?:\."
    + _OCTET
    + rb"){2}|172\.(?:1[6-9]|2\d|3[01])(?:\."
    + _OCTET
    + rb"){2}|169\.254(?:\."
    + _OCTET
    + rb"){2})"
)
# In scripts and pages a number in four parts is often a version: only what is written as a host is taken for one.
_HOST = (
    rb"(?:(?<=://)|(?<=@)|(?<=:\\/\\/))(?P<found>"
    + _PRIVATE
    + rb"|(?:[\w-]{1,63}\.){1,5}(?:internal|corp|intranet|lan))"
    rb"(?=[:/\"'\s<\\]|$)"
)
_QUOTED = rb"(?P<found>(?<=[\"'>\s])" + _PRIVATE + rb")(?=[\"'<\s:,])"


_INTERNAL = tuple(
    f".{name}{end}" for name in ("internal", "intranet", "corp", "lan") for end in ("/", ":", '"', "'", "\\")
)
"""Ends of host names that no public name server knows, as they stand in an address."""


def _at_start(what: str, name: str, literal: str, pattern: bytes) -> Mark:
    return Mark(f"source/{what}", name, (literal,), compile_late(rb"\A\s{0,20}" + pattern), 20, 256, _CODE)


MARKS: tuple[Mark, ...] = (
    Mark(
        "listing/autoindex",
        "a directory listing",
        ("<title>Index of /", "<title>Directory listing for /", "<title>Directory Listing For ", "<title>Directory: /"),
        kinds=frozenset({"html"}),
    ),
    Mark("listing/iis", "a directory listing", ("[To Parent Directory]",), kinds=frozenset({"html"})),
    Mark(
        "file/passwd",
        "the system's list of users",
        ("root:x:0:0:",),
        compile_late(rb"root:x:0:0:[^:\n]{0,40}:/"),
        kinds=_CODE,
    ),
    Mark("file/win-ini", "`win.ini`", ("; for 16-bit app support",), kinds=_CODE),
    Mark("source/php", "PHP source", ("<?php",), compile_late(rb"<\?php\s"), kinds=_CODE),
    Mark(
        "source/asp",
        "ASP or JSP source",
        ("<%@",),
        compile_late(rb"<%@\s{0,3}(?i:page|language|import|include|taglib|control|application)\b"),
        kinds=_CODE,
    ),
    _at_start("script", "a script", "#!/", rb"#!/(?:usr/)?(?:local/)?bin/"),
    Mark(
        "source/env",
        "a file of settings (`.env`)",
        (
            "DB_PASSWORD=",
            "APP_KEY=",
            "SECRET_KEY=",
            "AWS_SECRET_ACCESS_KEY=",
            "DATABASE_URL=",
            "MAIL_PASSWORD=",
            "JWT_SECRET=",
        ),
        compile_late(rb"(?:\A|(?<=\n))(?:[A-Z]+_)?(?:PASSWORD|KEY|URL|SECRET)=[^\s<]{3}|(?<=\n)[A-Z_]{3,40}=[^\s<]{3}"),
        before=40,
        after=8,
        kinds=_CODE,
    ),
    Mark(
        "source/git",
        "a Git repository's own file",
        ("repositoryformatversion = ", "ref: refs/heads/"),
        compile_late(rb"\A\[core\]\s+repositoryformatversion = |\Aref: refs/heads/\S+\s*\Z"),
        before=20,
        kinds=_CODE,
    ),
    Mark(
        "source-map/comment",
        "a source map's address",
        ("sourceMappingURL=",),
        compile_late(rb"[#@] ?sourceMappingURL=(?P<found>[\w./:@%?=&~;,+-]{3,300})(?=\s|\*/|\Z)"),
        before=3,
        after=310,
        kinds=frozenset({"script", "style"}),
    ),
    Mark(
        "source-map/sources",
        "a source map with its sources",
        ('"sourcesContent"',),
        compile_late(rb'"sourcesContent"\s*:\s*\[\s*(?:null\s*,\s*)*"'),
        kinds=frozenset({"json", "text", "none", "other", "script"}),
    ),
    Mark(
        "debug/phpinfo",
        "PHP's configuration",
        ("<title>phpinfo()", "<title>PHP 8", "<title>PHP 7"),
        compile_late(rb"<title>(?:phpinfo\(\)|PHP [78][\w.+~-]* - phpinfo\(\))"),
        kinds=frozenset({"html"}),
    ),
    Mark(
        "debug/server-status",
        "Apache's status page",
        ("<h1>Apache Server Status", "<h1>Apache Server Information"),
        kinds=frozenset({"html"}),
    ),
    Mark(
        "debug/pprof",
        "Go's profiler",
        ("/debug/pprof/</title>", "Types of profiles available:"),
        kinds=frozenset({"html"}),
    ),
    Mark(
        "debug/actuator",
        "Spring's actuator",
        ('"activeProfiles"', '"propertySources"', '/actuator"'),
        compile_late(
            rb'"activeProfiles"\s*:\s*\[|"propertySources"\s*:\s*\[|"_links"\s*:\s*\{"self"\s*:\s*\{"href"\s*:\s*"[^"]{1,200}/actuator"'
        ),
        before=240,
        kinds=frozenset({"json"}),
    ),
    Mark("debug/swagger", "an API's interactive description", ("SwaggerUIBundle(",), kinds=frozenset({"html"})),
    Mark(
        "debug/metrics",
        "metrics for Prometheus",
        ("# HELP ",),
        compile_late(rb"\A# HELP \w+ "),
        1,
        kinds=frozenset({"text", "none"}),
    ),
    Mark(
        "graphql/schema",
        "a GraphQL schema",
        ('"__schema"',),
        compile_late(rb'"__schema"\s*:\s*\{'),
        kinds=frozenset({"json"}),
    ),
    Mark(
        "private-address/host",
        "a private address",
        (
            "://10.",
            "://192.168.",
            "://172.",
            "://169.254.",
            "@10.",
            "@192.168.",
            ":\\/\\/10.",
            ":\\/\\/192.168.",
            *_INTERNAL,
        ),
        compile_late(_HOST),
        before=140,
        after=140,
        kinds=TEXTUAL,
        valid=_address,
    ),
    Mark(
        "private-address/text",
        "a private address",
        ('"10.', '"192.168.', '"172.', ">10.", ">192.168.", " 192.168.", "\n192.168."),
        compile_late(_QUOTED),
        before=1,
        after=20,
        kinds=SHOWN,
        valid=_address,
    ),
)
