"""SQL injection: databases that complain in public, and requests that look like an attempt."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from inspector import words
from inspector.patterns import compile_late
from inspector.report import Severity
from inspector.rules.base import Finding, mark, request_content, rule, url_holds
from inspector.rules.found import as_code, at, content
from inspector.rules.inputs import Input, asked, parameters

if TYPE_CHECKING:
    from inspector.subject import Subject

_CHEAT_SHEET = "https://cheatsheetseries.owasp.org/cheatsheets/SQL_Injection_Prevention_Cheat_Sheet.html"
_CWE = "https://cwe.mitre.org/data/definitions/89.html"


@rule(
    "sqli/error",
    Severity.ERROR,
    "The response shows a database's error",
    on=mark("sql-error"),
    references=(_CHEAT_SHEET, _CWE),
    what="The content holds an error message as one of the common databases, drivers or object mappers writes it.",
    why="""
        A syntax error of SQL after a change in a parameter says that the parameter becomes part of the statement: then
        a visitor can read or change what is in the database. The text itself tells which database, and often the
        statement.
        """,
    fix="""
        Give values to the database as parameters (`execute("… WHERE id = ?", [id])`), never as part of the text. Log
        the error, and answer with a page that does not show it.
        """,
    unless="Pages about databases quote such messages: a successful page with one in `pre` or `code` is not reported.",
    shows="""
        GET https://shop.test/item?id=7' HTTP/1.1

        HTTP/1.1 500 Internal Server Error
        Content-Type: text/html

        <p>You have an error in your SQL syntax; check the manual that corresponds to your MySQL server version for the
        right syntax to use near ''7''' at line 1</p>
        """,
    quiet="""
        GET https://forum.shop.test/questions/1064 HTTP/1.1

        HTTP/1.1 200 OK
        Content-Type: text/html

        <p>What does this mean?</p><pre>You have an error in your SQL syntax; check the manual that corresponds to your
        MySQL server version for the right syntax to use near 'x' at line 1</pre>
        """,
)
def error(x: Subject) -> Finding | None:
    """An error text; how grave depends on whether the request had a say in the statement."""
    hits = x.marks.of("sql-error")
    data = content(x)
    if x.status < 400:
        if len({hit.mark.id for hit in hits} - {"sql-error/orm", "sql-error/pdo", "sql-error/odbc"}) > 1:
            return None  # several databases at once: a page about them
        hits = tuple(hit for hit in hits if not (x.is_html and as_code(data, hit.start)))
    if not hits:
        return None
    given = parameters(x)
    quoted = next((i for i in given if re.search(r"['\"\\;]|--", i.value)), None)
    name = next(
        (hit.mark.name for hit in hits if hit.mark.id not in ("sql-error/orm", "sql-error/pdo")), hits[0].mark.name
    )
    detail = f"The content shows an error of {name}."
    if quoted is not None:
        detail += (
            f" {_capital(quoted.called)} holds a quote or the like, and the statement broke: it is part of the SQL."
        )
    elif given:
        detail += " Whether a parameter of the request is part of the statement, a quote in its value would show."
    else:
        detail += " The request has no parameters, so it was not they that broke the statement."
    grave = quoted is not None or x.status >= 500
    return Finding(
        detail,
        "The server gives values to the database as parameters of the statement, logs its errors, and answers without "
        "them.",
        (x.request_line(), x.status_evidence(), at(x, hits[0], name, behind=80)),
        title=f"The response shows an error of {name}",
        severity=Severity.ERROR if grave and given else Severity.WARNING,
        certainty="certain" if x.status >= 500 or quoted is not None else "likely",
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


# One token proves nothing: names have apostrophes, texts have "select" and "union" in them. Two together do.
_TOKENS = tuple(
    (name, compile_late(pattern, re.IGNORECASE | re.DOTALL))
    for name, pattern in (
        ("`UNION SELECT`", r"\bunion\b\W{1,20}(?:all\W{1,20})?select\b"),
        (
            "a quote that ends a string",
            r"^[^'\"]{0,60}['\"]\)*\s*(?:;|--|#|/\*|\b(?:or|and|union|order|having)\b|\|\||$)",
        ),
        (
            "a comparison that is always true",
            r"\b(?:or|and)\b\s*\(?\s*(['\"]?)(\w{1,20})\1\s*(?:=|like)\s*(['\"]?)\2\b",
        ),
        ("a comment that cuts the rest off", r"(?:--[\s+-]*|--\s.*|#|/\*.{0,40}?\*/|;%00)$"),
        (
            "a function that waits",
            r"\b(?:sleep|pg_sleep|benchmark)\s*\(\s*\d|\bwaitfor\s+delay\b|dbms_pipe\.receive_message",
        ),
        (
            "a second statement",
            r";\s*(?:drop|insert|update|delete|alter|create|exec(?:ute)?|shutdown|declare)\s+\w",
        ),
        (
            "the database's own tables",
            r"\binformation_schema\b|\bsqlite_master\b|\bsys\.(?:tables|objects)\b|\bpg_catalog\b|\ball_tables\b"
            r"|xp_cmdshell|@@version",
        ),
        ("`SELECT … FROM`", r"\bselect\b.{1,200}?\bfrom\b\s*[\w`\"\[(]"),
        ("`ORDER BY` with a number", r"\border\s+by\s+\d{1,3}\b"),
        ("spelling to get past a filter", r"/\*!?\d{0,5}\*/|\bchar\(\d{1,3}(?:,\s*\d{1,3})+\)|0x[0-9a-f]{8,}\b"),
    )
)
_FREE_TEXT = compile_late(
    r"^(?:q|s|query|search\w*|keywords?|text|comment\w*|message|body|content|description|title|subject|note|sql|code)$",
    re.I,
)
_HINT = compile_late(r"['\";#]|--|/\*|select|union|sleep|waitfor|benchmark|order\s+by", re.IGNORECASE)
_WRITTEN = (
    *("'", "%27", '"', "%22", "--", "%2d", "#", "%23", "/*", "%2f*", "%25"),
    *("select", "union", "sleep", "waitfor", "benchmark", "order"),
)
"""What a query holds as it is written, where a value in it has two tokens."""


@lru_cache(maxsize=2048)
def tokens(value: str) -> tuple[str, ...]:
    """What of an attempt a value holds, by name; a single quote at its end counts, by itself, for nothing."""
    value = value[:2000]
    if _HINT.search(value) is None:
        return ()
    if "%" in value:
        value = unquote_plus(value)  # encoded twice, to get past a filter
    return tuple(name for name, pattern in _TOKENS if pattern.search(value))


@rule(
    "sqli/payload",
    Severity.NOTE,
    "A parameter looks like an SQL injection",
    on=(*url_holds(*_WRITTEN), *request_content()),
    references=(_CHEAT_SHEET, _CWE),
    what="A value of the request has at least two marks of an attempt to change an SQL statement from outside.",
    why="""
        It tells that somebody, or a scanner, tries. Whether the server is open to it, its answers tell: an error, a
        longer wait, more rows than before.
        """,
    fix="""
        Give values to the database as parameters of a statement; then such a value is looked for, and no more. Compare
        this answer with the one to a harmless value.
        """,
    unless="In a field for free text, such as a search about SQL, it may be just that.",
    shows="""
        GET https://shop.test/item?id=1'%20UNION%20SELECT%20name,password%20FROM%20users--%20 HTTP/1.1

        HTTP/1.1 404 Not Found
        """,
    quiet="""
        GET https://shop.test/search?q=O'Brien%20--%20select%20works HTTP/1.1

        HTTP/1.1 200 OK
        """,
    gravest=Severity.WARNING,
)
def payload(x: Subject) -> Finding | None:
    """The value with the most tokens; two at least."""
    found: tuple[Input, tuple[str, ...]] | None = None
    for given in parameters(x):
        marks = tokens(given.value)
        if len(marks) >= 2 and (found is None or len(marks) > len(found[1])):
            found = given, marks
    if found is None:
        return None
    given, marks = found
    free = _FREE_TEXT.match(given.name) is not None
    broke = bool(x.marks.of("sql-error"))
    answer = f"The answer is {x.status}" if x.status else "There is no answer"
    return Finding(
        f"{_capital(given.called)} has {words.listed(list(marks), most=4)} in it. {answer}"
        + (", and it shows a database's error: the attempt reached the statement." if broke else ".")
        + (" As a field for free text it may hold such words rightly." if free else ""),
        None if free and not broke else "The server gives this value to the database as a parameter of the statement.",
        (asked(x, given),),
        title=f"{_capital(given.called)} looks like an SQL injection",
        severity=Severity.WARNING if broke else Severity.INFO if free else None,
        certainty="likely",
    )
