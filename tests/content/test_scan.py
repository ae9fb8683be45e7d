"""Content is looked through once, whole, bounded; every mark finds what it is for and leaves the rest alone."""

import random
import string
import time
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.content.marks import MARKS
from inspector.content.marks_personal import card_number, iban, luhn
from inspector.content.scan import CHUNK, LIMIT, MOST_HITS, SCANNED, place, scan, scan_url

CHANCE = random.Random(7)
BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


def some(length: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    return "".join(CHANCE.choice(alphabet) for _ in range(length))


def checked(prefix: str) -> str:
    """A made-up token of GitHub's kind, with its checksum."""
    body = some(30)
    number, digits = zlib.crc32(body.encode()), ""
    while number:
        number, digit = divmod(number, 62)
        digits = BASE62[digit] + digits
    return prefix + body + digits.rjust(6, "0")


HEX = "0123456789abcdef"
KEY = "AKIA" + some(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
# Written in parts, so that nobody who looks through this repository takes them for lost keys.
SECRETS = {
    "aws-access-key-id": f'"accessKeyId":"{KEY}"',
    "aws-secret": f'"secretAccessKey": "{some(40)}"',
    "github": checked("ghp_"),
    "github-pat": "github_pat_" + some(22) + "_" + some(59),
    "gitlab": "glpat-" + some(20),
    "npm": checked("npm_"),
    "pypi": "pypi-AgEIcHlwaS5vcmc" + some(90),
    "slack": "xoxb-" + some(12, string.digits[1:]) + "-" + some(12, string.digits[1:]) + "-" + some(24),
    "slack-webhook": "https://hooks.slack.com/services/T0"
    + some(7, "ABCDEFGH123")
    + "/B0"
    + some(7, "ABCDEFGH123")
    + "/"
    + some(24),
    "discord-webhook": "https://discord.com/api/webhooks/" + some(18, "123456789") + "/" + some(68),
    "telegram": some(9, "123456789") + ":AA" + some(33),
    "stripe": "sk_" + "live_" + some(32),
    "stripe-webhook": "whsec_" + some(32),
    "square": "sq0csp-" + some(43),
    "shopify": "shpat_" + some(32, HEX),
    "google-oauth": "GOCSPX-" + some(28),
    "google-token": "ya29." + some(80),
    "azure-storage": "AccountName=shop;AccountKey=" + some(86) + "==;",
    "azure-client": some(3) + "8Q~" + some(33),
    "sendgrid": "SG." + some(22) + "." + some(43),
    "mailgun": "key-" + some(32, HEX),
    "twilio": "twilio.sid='SK" + some(32, HEX) + "'",
    "openai": "sk-" + some(20) + "T3Blbk" + "FJ" + some(20),
    "anthropic": "sk-ant-" + "api03-" + some(93),
    "hugging-face": "hf_" + some(34, string.ascii_letters),
    "digitalocean": "dop_v1_" + some(64, HEX),
    "mapbox": "sk.eyJ" + some(60) + "." + some(22),
    "vault": "hvs." + some(95),
    "grafana": "glsa_" + some(32) + "_" + some(8, HEX),
    "new-relic": "NRAK-" + some(27, string.ascii_uppercase + string.digits),
    "atlassian": "ATATT3xFfGF0" + some(180),
    "private-key": "-----BEGIN RSA PRIVATE " + "KEY-----\nMIIEpAIBAAKCAQEA" + some(48) + "\n" + some(64),
    "connection-string": "postgres://shop:" + some(12) + "@db7.shop.test:5432/shop",
}


@pytest.mark.parametrize("what", sorted(SECRETS))
def test_each_secret_is_found(what: str):
    data = f"before\nx = {SECRETS[what]} ; after".encode()
    assert f"secret/{what}" in [hit.mark.id for hit in scan(data, "script").hits]


def test_every_secret_has_a_case():
    assert {mark.id for mark in MARKS if mark.group == "secret"} == {f"secret/{what}" for what in SECRETS}


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "AKIAXXXXXXXXXXXXXXXX",
        "AKIAABCDEFGHIJKLM189",  # 1, 8 and 9 are not in the alphabet
        f"https://b.s3.amazonaws.com/?X-Amz-Credential={KEY}%2F20260301",
        f"x{KEY}",
        f"{KEY}A",
        "ghp_" + "a1B2c3D4e5" * 3 + "000000",  # the checksum is wrong
        "npm_config_registry_is_set_somewhere_else",
        "sk_live_xxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "sk_live_",
        "pk_live_" + some(32),
        "whsec_your_secret_here",
        "SG.method.call",
        "key-values key-" + "0" * 32,
        "SK" + some(32, HEX),  # nothing about Twilio beside it
        "hf_model_name",
        "hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
        '"-----BEGIN RSA PRIVATE KEY-----\\n" + body',
        "-----BEGIN PUBLIC KEY-----\n" + some(64),
        "-----BEGIN CERTIFICATE-----\n" + some(64),
        "postgres://user:password@localhost/db",
        "postgres://shop:${PASSWORD}@db.shop.test/shop",
        "mongodb://root:example@mongo.example.com",
        "mysql://shop@db.shop.test/shop",
        "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
        "10:AAcompany",
        "glpat-xxxxxxxxxxxxxxxxxxxx",
    ],
)
def test_what_is_no_secret(text: str):
    for kind in ("script", "html", "json"):
        assert "secret" not in scan(f'a = "{text}"'.encode(), kind).groups


def test_urls_are_looked_through_for_secrets_alone():
    assert scan_url(f"https://a.test/?key={SECRETS['stripe']}").groups == ("secret",)
    assert scan_url("https://a.test/?q=<?php Index of / 4539148803436467").groups == ()


@pytest.mark.parametrize("digits", ["4539148803436467", "371449635398431", "79927398713"])
def test_luhn(digits: str):
    assert luhn(digits)
    assert not any(luhn(digits[:-1] + str(last)) for last in range(10) if str(last) != digits[-1])


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("4539148803436467", True),
        ("4539 1488 0343 6467", True),
        ("4111111111111111", False),  # published for tests
        ("4539148803436468", False),  # check digit
        ("9539148803436462", False),  # nobody's
        ("4444444444444448", False),  # passes the check, and is one digit over and over
    ],
)
def test_card_numbers(text: str, right: bool):
    assert card_number(text.encode()) is right


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("DE75512108001245126199", True),
        ("DE75 5121 0800 1245 1261 99", True),
        ("GB33BUKB20201555555555", True),
        ("DE75512108001245126198", False),
        ("DE7551210800124512619", False),
        ("DE89370400440532013000", False),  # the example of every manual
        ("XX75512108001245126199", False),
    ],
)
def test_ibans(text: str, right: bool):
    assert iban(text.encode()) is right


@pytest.mark.parametrize(
    "text",
    [
        "Order 4539148803436467 shipped",  # nothing says card
        "class=card data-id=4539148803436467",
        "credit card: 1234 5678 9012 3456",
        "card number: 4539.1488.0343.6467",
        "creditCard version 14539148803436467",
        "iban: DE00 0000 0000 0000 0000 00",
        "ssn 000-12-3456, ssn 666-12-3456, ssn 078-05-1120",
        "session 123-45-6788",
        "ssn 123-45-67890",
    ],
)
def test_what_is_no_personal_number(text: str):
    assert "personal" not in scan(text.encode(), "html").groups


@pytest.mark.parametrize("at", [0, CHUNK - 10, CHUNK - 1, CHUNK, 3 * CHUNK - 17, LIMIT - 30])
def test_found_wherever_a_chunk_ends(at: int):
    data = b" " * at + KEY.encode() + b" " * 100
    (hit,) = scan(data, "script").hits
    assert (hit.start, hit.end) == (at, at + 20)


def test_the_end_of_long_content_is_read():
    data = b" " * (LIMIT + 500_000) + b"\n//# sourceMappingURL=app.js.map"
    assert scan(data, "script").groups == ("source-map",)


def test_the_same_thing_twice_is_one_hit_and_many_things_are_few():
    assert len(scan(f"{KEY} {KEY}".encode(), "script").hits) == 1
    keys = " ".join("AKIA" + some(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(40))
    assert len(scan(keys.encode(), "script").hits) == MOST_HITS


@pytest.mark.parametrize("kind", ["image", "font", "media", "unheard-of"])
def test_kinds_that_are_not_read(kind: str):
    assert scan(KEY.encode(), kind).hits == ()


def test_untyped_content_is_read_where_it_is_text():
    assert scan(KEY.encode(), "none").hits
    assert not scan(b"\0" + KEY.encode(), "none").hits


@pytest.mark.parametrize(
    ("before", "said"), [(b"", "line 1"), (b"a\nb\n", "line 3"), (b"\n" + b"x" * 51_233, "octet 51,234")]
)
def test_places_are_told_as_people_look_for_them(before: bytes, said: str):
    assert place(before + b"here", len(before)) == said


LITERALS = [literal.encode() for mark in MARKS for literal in mark.literals]
PIECES = st.one_of(
    st.sampled_from(LITERALS), st.binary(max_size=12), st.sampled_from([b" at ", b"(", b"\n", b'"', b"4539", b"/"])
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=60), st.sampled_from(sorted(SCANNED | {"url"})))
def test_nothing_that_content_holds_raises(pieces: list[bytes], kind: str):
    data = b"".join(pieces)
    found = scan(data, kind)
    assert all(0 <= hit.start < hit.end <= len(data) for hit in found.hits)
    assert found.groups == tuple(sorted({hit.mark.group for hit in found.hits}))


@pytest.mark.parametrize(
    "piece", [b" ".join(LITERALS) + b" ", b"AKIA", b" at a.b", b"<b>Warning</b>: x ", b"card number 4 4 4 4 "]
)
def test_content_made_to_be_slow_is_not(piece: bytes):
    data = (piece * (1_000_000 // len(piece) + 1))[:1_000_000]
    begun = time.process_time()
    scan(data, "html")
    assert time.process_time() - begun < 1.0
