"""What servers say when something inside them fails: database errors, stack traces, debug pages."""

from __future__ import annotations

import re

from inspector.content.marks_base import SHOWN, Mark
from inspector.patterns import compile_late


def _sql(what: str, name: str, *literals: str, pattern: bytes | None = None, before: int = 0) -> Mark:
    compiled = None if pattern is None else compile_late(pattern)
    return Mark(f"sql-error/{what}", name, literals, compiled, before, 200, SHOWN)


def _trace(what: str, name: str, *literals: str, pattern: bytes | None = None, before: int = 0) -> Mark:
    compiled = None if pattern is None else compile_late(pattern, re.DOTALL)
    return Mark(f"trace/{what}", name, literals, compiled, before, 400, SHOWN)


_QUOTE = rb"""(?:\\?["'`]|&quot;|&#0?3[49];|&#x2[27];|\\u002[27])"""
_GAP = rb"(?:\s|<[^<>]{1,80}>|\\n|&nbsp;|:)*"

MARKS: tuple[Mark, ...] = (
    _sql(
        "mysql",
        "MySQL or MariaDB",
        "You have an error in your SQL syntax",
        "mysql_fetch_",
        "mysqli_",
        "mysql_num_rows",
        "MySqlException",
        "MySQLSyntaxErrorException",
        "com.mysql.cj.jdbc.exceptions",
        pattern=rb"You have an error in your SQL syntax; check the manual"
        rb"|mysqli?_\w+\(\)(?:</b>|</a>|\]|\s)*(?:expects|:)"
        rb"|MySql(?:\.Data\.MySqlClient\.MySql)?Exception\b(?=[ :(])|MySQLSyntaxErrorException: "
        rb"|com\.mysql\.cj\.jdbc\.exceptions\.\w+: ",
    ),
    _sql(
        "postgresql",
        "PostgreSQL",
        "syntax error at or near",
        "unterminated quoted string at or near",
        "PSQLException",
        "psycopg2.errors.",
        "psycopg.errors.",
        "pg_query()",
        "pg_exec()",
        "PG::",
        pattern=rb"syntax error at or near "
        + _QUOTE
        + rb"|unterminated quoted string at or near "
        + _QUOTE
        + rb"|PSQLException: ERROR|psycopg2?\.errors\.\w+[:)]|pg_(?:query|exec)\(\)(?:</b>|\]|:)* ?:? ?Query failed"
        rb"|PG::\w+(?:Error|Violation|Column|Table|Function): ",
    ),
    _sql(
        "sql-server",
        "Microsoft SQL Server",
        "Unclosed quotation mark after the character string",
        "Incorrect syntax near",
        "OLE DB Provider for",
        "SqlClient.SqlException",
        "[SQL Server]",
        pattern=rb"Unclosed quotation mark after the character string|Incorrect syntax near "
        + _QUOTE
        + rb"|OLE DB Provider for (?:SQL Server|ODBC Drivers)(?:</font>)?[^<>]{0,20}error"
        rb"|SqlClient\.SqlException\b(?=[ :(])|\[SQL Server\] ?\w",
    ),
    _sql(
        "oracle",
        "Oracle",
        "ORA-0",
        "ORA-1",
        "ORA-2",
        "quoted string not properly terminated",
        pattern=rb"ORA-\d{5}: \w|quoted string not properly terminated",
    ),
    _sql(
        "sqlite",
        "SQLite",
        "SQLITE_ERROR",
        "sqlite3.OperationalError",
        "sqlite3.ProgrammingError",
        "SQLite3::SQLException",
        "SQLiteException",
        "SQLite3::query()",
        ": syntax error",
        "unrecognized token: ",
        pattern=rb"SQLITE_ERROR: |sqlite3\.(?:Operational|Programming)Error\b|SQLite3::SQLException: |SQLiteException\b(?=[ :(])"
        rb"|SQLite3::query\(\)(?:</b>|\]|:)* ?:? ?Unable to prepare"
        rb"|near " + _QUOTE + rb"[^\n\"<>&]{1,60}" + _QUOTE + rb": syntax error|unrecognized token: " + _QUOTE,
        before=80,
    ),
    _sql("odbc", "an ODBC driver", "][ODBC", "[unixODBC]", pattern=rb"\]\[ODBC [^\]]{3,40}\]|\[unixODBC\]\["),
    _sql("db2", "IBM Db2", "DB2 SQL error", "DB2 SQL Error", pattern=rb"DB2 SQL [eE]rror: SQLCODE"),
    _sql(
        "pdo",
        "a database, through PDO",
        "SQLSTATE[",
        pattern=rb"SQLSTATE\[\w{5}\](?: \[\d+\])?:? ",
    ),
    _sql(
        "orm",
        "a database, through an object mapper",
        "SequelizeDatabaseError",
        "ActiveRecord::StatementInvalid",
        "django.db.utils.",
        "sqlalchemy.exc.",
        "org.hibernate.exception.",
        "QueryFailedError",
        "PrismaClient",
        "JdbcSQLSyntaxErrorException",
        "Doctrine\\DBAL\\",
        pattern=rb"SequelizeDatabaseError\b|ActiveRecord::StatementInvalid\b|django\.db\.utils\.(?:Operational|Programming|Data)Error\b"
        rb"|sqlalchemy\.exc\.(?:Operational|Programming|Data|DBAPI)Error\b|org\.hibernate\.exception\.\w+Exception\b"
        rb"|QueryFailedError: |PrismaClient(?:Known|Unknown)RequestError\b|JdbcSQLSyntaxErrorException: "
        rb"|Doctrine\\{1,2}DBAL\\{1,2}(?:Driver\\{1,2})?(?:Exception|DBALException)",
    ),
    _trace(
        "python",
        "a Python traceback",
        "Traceback (most recent call last)",
        pattern=rb"Traceback \(most recent call last\)" + _GAP + rb"File" + _GAP + _QUOTE,
    ),
    _trace("django", "Django's debug page", "you have <code>DEBUG = True</code>"),
    _trace(
        "werkzeug",
        "Werkzeug's debugger",
        "// Werkzeug Debugger</title>",
        "caught an exception in your WSGI application",
    ),
    _trace(
        "java",
        "a Java stack trace",
        ".java:",
        ".kt:",
        ".scala:",
        pattern=rb"\bat (?:[\w.]+@?[\w.]*//?)?[\w$.]{3,160}\.(?:[\w$]+|&lt;init&gt;|<init>)\([\w$]+\.(?:java|kt|scala):\d+\)",
        before=240,
    ),
    _trace(
        "dotnet",
        "a .NET stack trace",
        ".cs:line ",
        ".vb:line ",
        "<b> Exception Details: </b>",
        pattern=rb"\bat [\w.`<>]+\([^)\n]{0,160}\) in [^\n]{1,160}\.(?:cs|vb):line \d+|<b> Exception Details: </b>",
        before=360,
    ),
    _trace(
        "php",
        "a PHP error",
        "<b>Fatal error</b>:",
        "<b>Parse error</b>:",
        "<b>Warning</b>:",
        "<b>Notice</b>:",
        "<b>Deprecated</b>:",
        "PHP Fatal error:",
        "Stack trace:",
        pattern=rb"<b>(?:Fatal error|Parse error|Warning|Notice|Deprecated)</b>:\s.{1,300}? in <b>[^<]{2,200}</b> on line <b>\d+"
        rb"|PHP Fatal error:\s.{1,300}? in \S{2,200} on line \d+|Stack trace:" + _GAP + rb"#0 \S",
    ),
    _trace("laravel", "a Laravel error page", "vendor/laravel/framework/src", "vendor\\/laravel\\/framework\\/src"),
    _trace("symfony", "a Symfony error page", "vendor/symfony/http-kernel/", "vendor\\/symfony\\/http-kernel\\/"),
    _trace(
        "node",
        "a Node.js stack trace",
        ".js:",
        ".ts:",
        ".mjs:",
        ".cjs:",
        "node:internal/",
        pattern=rb"\bat (?:async )?(?:(?:new )?[\w.$]{1,80}(?:\.?(?:&lt;anonymous&gt;|<anonymous>))?(?: \[as \w+\])? \()?"
        rb"(?:file://)?(?:/(?!/)|[A-Z]:\\{1,2}|node:internal/)[\w./\\@+ -]{1,160}:\d+:\d+\b",
        before=260,
    ),
    _trace(
        "ruby",
        "a Ruby backtrace",
        ".rb:",
        "Action Controller: Exception caught",
        pattern=rb"[\w./-]{2,160}\.rb:\d+:in " + _QUOTE + rb"|<title>Action Controller: Exception caught",
        before=170,
    ),
    _trace("go", "a Go panic", "goroutine ", pattern=rb"goroutine \d+ \[[\w ,]{3,40}\]:"),
    _trace(
        "rust",
        "a Rust panic",
        "panicked at ",
        pattern=rb"thread " + _QUOTE + rb"[\w-]{1,60}" + _QUOTE + rb" (?:\(\d+\) )?panicked at ",
        before=90,
    ),
    Mark("error-page/spring", "Spring Boot's error page", ("<h1>Whitelabel Error Page</h1>",), kinds=SHOWN),
)
