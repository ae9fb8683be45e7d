"""Personal data: card numbers, account numbers and social security numbers, where a word beside them says so."""

from __future__ import annotations

import re

from inspector.content.marks_base import SHOWN, Mark
from inspector.patterns import compile_late


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def luhn(digits: str) -> bool:
    """Whether a number's check digit is right (ISO/IEC 7812-1, annex B)."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (position % 2 + 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


# Numbers that payment services publish for tests.
_TEST_CARDS = _words(
    "4111111111111111 4242424242424242 4012888888881881 4000056655665556 4222222222222220 4917610000000000 "
    "5555555555554444 5105105105105100 5200828282828210 2223003122003222 5454545454545454 378282246310005 "
    "371449635398431 378734493671000 6011111111111117 6011000990139424 30569309025904 38520000023237 36227206271667 "
    "3530111333300000 3566002020360505 6200000000000005"
)
_LENGTHS = (
    (compile_late("4"), (13, 16, 19)),
    (compile_late("5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), (16,)),
    (compile_late("3[47]"), (15,)),
    (compile_late("6011|65|64[4-9]"), (16, 19)),
    (compile_late("35(?:2[89]|[3-8])"), (16, 17, 18, 19)),
    (compile_late("30[0-5]|36|3[89]"), (14, 16)),
    (compile_late("62"), (16, 17, 18, 19)),
)


def card_number(found: bytes) -> bool:
    """Whether these digits, spaced or not, are a payment card's number: issuer, length and check digit agree."""
    digits = re.sub(rb"[ -]", b"", found).decode()
    if digits in _TEST_CARDS or len(set(digits)) < 4 or not luhn(digits):
        return False
    return any(begin.match(digits) and len(digits) in lengths for begin, lengths in _LENGTHS)


# Country and length of the account numbers that may be written as an IBAN (ISO 13616, registry).
_IBAN_LENGTHS = {
    entry[:2]: int(entry[2:])
    for entry in _words(
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 "
        "FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 "
        "LI21 LT20 LU20 LV21 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 "
        "SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20"
    )
}
# What banks and the registry print as an example of each country's form.
_EXAMPLE_IBANS = _words(
    "DE89370400440532013000 DE91100000000123456789 GB29NWBK60161331926819 GB82WEST12345698765432 NL91ABNA0417164300 "
    "FR1420041010050500013M02606 CH9300762011623852957 AT611904300234573201 BE68539007547034 ES9121000418450200051332 "
    "IT60X0542811101000000123456 SE4550000000058398257466 PL61109010140000071219812874 IE29AIBK93115212345678 "
    "DK5000400440116243 NO9386011117947 FI2112345600000785 LU280019400644750000 PT50000201231234567890154"
)


def iban(found: bytes) -> bool:
    """Whether this is an IBAN: a country's length, and a remainder of 1 modulo 97 (ISO 13616, ISO 7064)."""
    text = found.replace(b" ", b"").decode()
    if _IBAN_LENGTHS.get(text[:2]) != len(text) or text in _EXAMPLE_IBANS:
        return False
    return int("".join(str(int(c, 36)) for c in text[4:] + text[:4])) % 97 == 1


_EXAMPLE_SSNS = frozenset({b"078-05-1120", b"219-09-9999", b"123-45-6789", b"111-11-1111", b"555-55-5555"})

MARKS: tuple[Mark, ...] = (
    Mark(
        "personal/card",
        "a payment card's number",
        (
            "card number",
            "Card number",
            "Card Number",
            "cardNumber",
            "CardNumber",
            "card_number",
            "cardnumber",
            "card-number",
            "cc-number",
            "cc_number",
            "ccNumber",
            "ccnum",
            "card_no",
            "cardNo",
            "redit card",
            "redit Card",
            "reditCard",
            "redit_card",
            '"card":',
            '"cards":',
            '"pan":',
            "Visa",
            "Mastercard",
            "MasterCard",
        ),
        compile_late(
            rb"(?<![\w.,-])(?P<found>[2-6]\d{3}(?P<a>[ -]?)\d{4}(?P=a)\d{4}(?P=a)\d{1,7}"
            rb"|3\d{3}(?P<b>[ -]?)\d{6}(?P=b)\d{4,5})(?![\w-]|[.,]\d)"
        ),
        before=1,
        after=160,
        kinds=SHOWN,
        valid=card_number,
    ),
    Mark(
        "personal/iban",
        "a bank account number (IBAN)",
        ("IBAN", "iban", "Iban"),
        compile_late(
            rb"(?<![A-Za-z0-9])(?P<found>[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?)(?![A-Za-z0-9])"
        ),
        before=1,
        after=120,
        kinds=SHOWN,
        valid=iban,
    ),
    Mark(
        "personal/ssn",
        "a US social security number",
        ("SSN", "ssn", "ocial security", "ocial Security", "ocialSecurity", "ocial_security"),
        compile_late(rb"(?<![\w.-])(?P<found>(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4})(?![\w-])"),
        before=1,
        after=120,
        kinds=SHOWN,
        valid=lambda found: found not in _EXAMPLE_SSNS,
    ),
)
