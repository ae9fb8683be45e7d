"""Language tags in words: ``en-GB`` is British English (BCP 47; names of ISO 639 and ISO 3166)."""

from __future__ import annotations

import re
from functools import lru_cache

from inspector.patterns import compile_late

_TAG = compile_late(r"([a-z]{2,3})(?:-([A-Za-z]{4}))?(?:-([A-Za-z]{2}|[0-9]{3}))?(?:-.*)?", re.IGNORECASE)


def _read(table: str) -> dict[str, str]:
    """``code:name`` pairs separated by bars, as a dictionary."""
    return {code: name for code, _, name in (pair.partition(":") for pair in table.split("|"))}


_LANGUAGES = _read(
    "aa:Afar|af:Afrikaans|am:Amharic|ar:Arabic|as:Assamese|az:Azerbaijani|be:Belarusian|bg:Bulgarian|bn:Bengali|"
    "bo:Tibetan|br:Breton|bs:Bosnian|ca:Catalan|cs:Czech|cy:Welsh|da:Danish|de:German|el:Greek|en:English|"
    "eo:Esperanto|es:Spanish|et:Estonian|eu:Basque|fa:Persian|fi:Finnish|fil:Filipino|fo:Faroese|fr:French|"
    "fy:West Frisian|ga:Irish|gd:Scottish Gaelic|gl:Galician|gu:Gujarati|ha:Hausa|he:Hebrew|hi:Hindi|hr:Croatian|"
    "hu:Hungarian|hy:Armenian|id:Indonesian|ig:Igbo|is:Icelandic|it:Italian|iw:Hebrew|ja:Japanese|jv:Javanese|"
    "ka:Georgian|kk:Kazakh|km:Khmer|kn:Kannada|ko:Korean|ku:Kurdish|ky:Kyrgyz|la:Latin|lb:Luxembourgish|lo:Lao|"
    "lt:Lithuanian|lv:Latvian|mg:Malagasy|mi:Māori|mk:Macedonian|ml:Malayalam|mn:Mongolian|mr:Marathi|ms:Malay|"
    "mt:Maltese|my:Burmese|nb:Norwegian Bokmål|ne:Nepali|nl:Dutch|nn:Norwegian Nynorsk|no:Norwegian|or:Odia|"
    "pa:Punjabi|pl:Polish|ps:Pashto|pt:Portuguese|qu:Quechua|rm:Romansh|ro:Romanian|ru:Russian|rw:Kinyarwanda|"
    "sd:Sindhi|se:Northern Sami|si:Sinhala|sk:Slovak|sl:Slovenian|so:Somali|sq:Albanian|sr:Serbian|su:Sundanese|"
    "sv:Swedish|sw:Swahili|ta:Tamil|te:Telugu|tg:Tajik|th:Thai|tk:Turkmen|tl:Tagalog|tr:Turkish|tt:Tatar|ug:Uyghur|"
    "uk:Ukrainian|ur:Urdu|uz:Uzbek|vi:Vietnamese|wo:Wolof|xh:Xhosa|yi:Yiddish|yo:Yoruba|yue:Cantonese|zh:Chinese|"
    "zu:Zulu"
)
_REGIONS = _read(
    "001:the world|419:Latin America|AE:the United Arab Emirates|AR:Argentina|AT:Austria|AU:Australia|BD:Bangladesh|"
    "BE:Belgium|BG:Bulgaria|BO:Bolivia|BR:Brazil|BY:Belarus|CA:Canada|CH:Switzerland|CL:Chile|CN:mainland China|"
    "CO:Colombia|CR:Costa Rica|CZ:Czechia|DE:Germany|DK:Denmark|DO:the Dominican Republic|DZ:Algeria|EC:Ecuador|"
    "EE:Estonia|EG:Egypt|ES:Spain|FI:Finland|FR:France|GB:the United Kingdom|GR:Greece|GT:Guatemala|HK:Hong Kong|"
    "HR:Croatia|HU:Hungary|ID:Indonesia|IE:Ireland|IL:Israel|IN:India|IQ:Iraq|IR:Iran|IS:Iceland|IT:Italy|JP:Japan|"
    "KE:Kenya|KR:South Korea|KZ:Kazakhstan|LB:Lebanon|LI:Liechtenstein|LT:Lithuania|LU:Luxembourg|LV:Latvia|"
    "MA:Morocco|MO:Macao|MT:Malta|MX:Mexico|MY:Malaysia|NG:Nigeria|NL:the Netherlands|NO:Norway|NZ:New Zealand|"
    "PE:Peru|PH:the Philippines|PK:Pakistan|PL:Poland|PT:Portugal|PY:Paraguay|QA:Qatar|RO:Romania|RS:Serbia|"
    "RU:Russia|SA:Saudi Arabia|SE:Sweden|SG:Singapore|SI:Slovenia|SK:Slovakia|TH:Thailand|TN:Tunisia|TR:Türkiye|"
    "TW:Taiwan|UA:Ukraine|US:the United States|UY:Uruguay|VE:Venezuela|VN:Vietnam|ZA:South Africa"
)
_SCRIPTS = {"hans": "simplified", "hant": "traditional", "latn": "in Latin script", "cyrl": "in Cyrillic script"}


@lru_cache(maxsize=1024)
def language_words(tag: str) -> str | None:
    """A language tag in words: ``German as used in Austria``; ``None`` where its language is not known here."""
    if tag == "*":
        return "any other language"
    match = _TAG.fullmatch(tag)
    language = _LANGUAGES.get(match[1].lower()) if match is not None else None
    if match is None or language is None:
        return None
    script = _SCRIPTS.get((match[2] or "").lower())
    words = language if script is None else f"{script} {language}" if script[0] != "i" else f"{language} {script}"
    region = region_words(match[3] or "")
    return f"{words} as in {region}" if region else words


def region_words(code: str) -> str | None:
    """A country or region by its two-letter or UN M.49 code (upper or lower case); ``None`` where not known here."""
    return _REGIONS.get(code.upper())
