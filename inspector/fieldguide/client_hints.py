"""Client hints: facts about browser, device and network, the less private of them on request alone (RFC 8942)."""

from __future__ import annotations

from inspector.fieldguide.base import REQUEST, RESPONSE, RFC, Around, reads, row
from inspector.fieldguide.say import misfit, odd, quote, unparsed
from inspector.fields.structured import bare, parse_structured
from inspector.fields.tokens import split_list
from inspector.words import duration, listed

_UA = "https://wicg.github.io/ua-client-hints/#sec-ch-ua"
_MEDIA = "https://wicg.github.io/user-preference-media-features-headers/#"
_RESPONSIVE = "https://wicg.github.io/responsive-image-client-hints/#"
_NETWORK = "https://wicg.github.io/netinfo/#"
_NOISE = "not"


def brands_of(value: str) -> tuple[list[str], str]:
    """The brands a list names with their versions, made-up ones left out; and what is wrong with the value."""
    parsed = parse_structured(value, "list")
    if parsed.failed:
        return [], unparsed(parsed, "list")
    found = []
    for member in parsed.value:
        brand, parameters = bare(member)
        name = str(brand)
        # Browsers add a brand that does not exist, written with odd characters, so that nobody relies on a fixed list.
        if _NOISE in name.lower() and "brand" in name.lower():
            continue
        version = parameters.get("v")
        found.append(f"{quote(name, 40)} {str(version)[:20]}" if version else quote(name, 40))
    return found, ""


@reads(
    row(
        "Sec-CH-UA",
        REQUEST,
        "Which browser this is: brands and main versions, sent by Chromium's family to HTTPS sites.",
        f"{_UA}",
        '"Chromium";v="124", "Google Chrome";v="124", "Not-A.Brand";v="99"',
    ),
    row(
        "Sec-CH-UA-Full-Version-List",
        REQUEST,
        "Which browser this is, with full versions; sent on request.",
        f"{_UA}-full-version-list",
        '"Chromium";v="124.0.6367.91"',
    ),
)
def brands(value: str) -> str:
    """A list of brands."""
    found, fault = brands_of(value)
    if fault:
        return fault
    return (
        f"{listed(found)}{' (one more brand is made up on purpose)' if _NOISE in value.lower() else ''}."
        if found
        else "It names no brand."
    )


@reads(
    row("Sec-CH-UA-Platform", REQUEST, "The operating system.", f"{_UA}-platform", '"Windows"'),
    row(
        "Sec-CH-UA-Platform-Version",
        REQUEST,
        "The operating system's version; sent on request.",
        f"{_UA}-platform-version",
        '"15.0.0"',
    ),
    row("Sec-CH-UA-Arch", REQUEST, "The processor's family; sent on request.", f"{_UA}-arch", '"x86"'),
    row(
        "Sec-CH-UA-Bitness",
        REQUEST,
        "Whether the processor has 32 or 64 bits; sent on request.",
        f"{_UA}-bitness",
        '"64"',
    ),
    row("Sec-CH-UA-Model", REQUEST, "The device's model; sent on request.", f"{_UA}-model", '"Pixel 8"'),
    row(
        "Sec-CH-UA-Full-Version",
        REQUEST,
        "The browser's full version, in the form that `Sec-CH-UA-Full-Version-List` replaced.",
        f"{_UA}-full-version",
        '"124.0.6367.91"',
    ),
    row(
        "Sec-CH-UA-Form-Factors",
        REQUEST,
        "What kind of device it is (desktop, mobile, glasses …); sent on request.",
        f"{_UA}-form-factors",
        '"Desktop"',
    ),
)
def text_hint(value: str, around: Around) -> str:
    """A structured string (or a list of them)."""
    parsed = parse_structured(value, "list" if around.name.endswith("factors") else "item")
    if parsed.failed:
        return unparsed(parsed, "string")
    members = parsed.value if around.name.endswith("factors") else [parsed.value]
    said = [str(bare(member)[0]) for member in members]
    if not any(said):
        return "Empty: not known or not told."
    if around.name.endswith("platform-version") and (around.fields.get("sec-ch-ua-platform") or "") == '"Windows"':
        major = said[0].partition(".")[0]
        if major.isascii() and major.isdigit() and len(major) < 4:
            windows = "11" if int(major) >= 13 else "10" if int(major) >= 1 else "8.1 or older"
            return f"{quote(said[0], 30)}: Windows {windows}."
    return ""


@reads(
    row(
        "Sec-CH-UA-Mobile", REQUEST, "Whether the browser would like pages for a mobile device.", f"{_UA}-mobile", "?0"
    ),
    row(
        "Sec-CH-UA-WoW64",
        REQUEST,
        "Whether a 32-bit browser runs on a 64-bit Windows; sent on request.",
        f"{_UA}-wow64",
        "?0",
    ),
)
def boolean_hint(value: str) -> str:
    """A structured boolean."""
    words = {"?0": "No.", "?1": "Yes."}
    return words.get(value.strip()) or misfit("`?0` or `?1`")


@reads(
    row(
        "Accept-CH",
        RESPONSE,
        "Which client hints the server would like with later requests to this origin.",
        f"{RFC}8942#section-3.1",
        "Sec-CH-UA-Platform-Version, Sec-CH-UA-Model",
    ),
    row(
        "Critical-CH",
        RESPONSE,
        "Which client hints the server needs so much that the browser asks again at once, with them.",
        "https://wicg.github.io/client-hints-infrastructure/",
        "Sec-CH-Prefers-Color-Scheme",
    ),
)
def accept_ch(value: str, around: Around) -> str:
    """Hint names."""
    names = split_list(value)
    if not names:
        return (
            "None any more: the browser forgets what was asked for before."
            if around.name == "accept-ch"
            else "It names none."
        )
    plain = around.url.startswith("http:") and "//localhost" not in around.url and "//127." not in around.url
    return "Browsers heed this over HTTPS alone, and this came over HTTP." if plain else ""


@reads(
    row(
        "Accept-CH-Lifetime",
        RESPONSE,
        "How long the wish for client hints held; taken out again, browsers remember by origin.",
        "https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Accept-CH",
        "86400",
    ),
    row(
        "Device-Memory",
        REQUEST,
        "The device's memory in GB, rounded to a few steps, in the form before `Sec-CH-Device-Memory`.",
        "https://www.w3.org/TR/device-memory/#sec-device-memory-client-hint-header",
        "8",
    ),
    row(
        "Sec-CH-Device-Memory",
        REQUEST,
        "The device's memory in GB, rounded to a few steps.",
        "https://www.w3.org/TR/device-memory/#sec-device-memory-client-hint-header",
        "8",
    ),
    row(
        "DPR",
        REQUEST,
        "Device pixels in a CSS pixel, in the form before `Sec-CH-DPR`.",
        f"{_RESPONSIVE}sec-ch-dpr",
        "2",
    ),
    row(
        "Sec-CH-DPR",
        REQUEST,
        "Device pixels in a CSS pixel: how fine an image is of use.",
        f"{_RESPONSIVE}sec-ch-dpr",
        "2",
    ),
    row(
        "Content-DPR",
        RESPONSE,
        "Device pixels in a CSS pixel that the image sent was made for.",
        f"{_RESPONSIVE}sec-ch-dpr",
        "2",
    ),
    row(
        "Width",
        REQUEST,
        "How wide the image will be shown, in device pixels, in the form before `Sec-CH-Width`.",
        f"{_RESPONSIVE}sec-ch-width",
        "640",
    ),
    row(
        "Sec-CH-Width",
        REQUEST,
        "How wide the image will be shown, in device pixels.",
        f"{_RESPONSIVE}sec-ch-width",
        "640",
    ),
    row(
        "Viewport-Width",
        REQUEST,
        "How wide the window is, in CSS pixels, in the form before `Sec-CH-Viewport-Width`.",
        f"{_RESPONSIVE}sec-ch-viewport-width",
        "1280",
    ),
    row(
        "Sec-CH-Viewport-Width",
        REQUEST,
        "How wide the window is, in CSS pixels.",
        f"{_RESPONSIVE}sec-ch-viewport-width",
        "1280",
    ),
    row(
        "Sec-CH-Viewport-Height",
        REQUEST,
        "How high the window is, in CSS pixels.",
        f"{_RESPONSIVE}sec-ch-viewport-height",
        "720",
    ),
    row(
        "Downlink",
        REQUEST,
        "The network's estimated bandwidth in Mbit/s, rounded.",
        f"{_NETWORK}downlink-request-header-field",
        "10",
    ),
    row(
        "RTT",
        REQUEST,
        "The network's estimated round-trip time in milliseconds, rounded.",
        f"{_NETWORK}rtt-request-header-field",
        "100",
    ),
)
def number_hint(value: str, around: Around) -> str:
    """A number and its unit."""
    units = {
        "dpr": "device pixels to a CSS pixel",
        "content-dpr": "device pixels to a CSS pixel",
        "device-memory": "GB",
        "downlink": "Mbit/s",
        "rtt": "ms",
        "width": "device pixels",
        "viewport-width": "CSS pixels",
        "viewport-height": "CSS pixels",
    }
    text = value.strip()
    if not text.replace(".", "", 1).isdigit() or not text.isascii() or len(text) > 20:
        return misfit("a number")
    unit = units.get(around.name.removeprefix("sec-ch-"), "")
    if around.name == "accept-ch-lifetime":
        return f"{duration(min(float(text), 10**11))}."
    return f"{text} {unit}."


@reads(
    row(
        "ECT",
        REQUEST,
        "How fast the network effectively is, named after kinds of mobile networks.",
        f"{_NETWORK}ect-request-header-field",
        "4g",
    ),
    row(
        "Save-Data",
        REQUEST,
        "That the person asks to save data.",
        "https://wicg.github.io/savedata/#save-data-request-header-field",
        "on",
    ),
    row(
        "Sec-CH-Prefers-Color-Scheme",
        REQUEST,
        "Whether the person prefers light or dark pages.",
        f"{_MEDIA}sec-ch-prefers-color-scheme",
        '"dark"',
    ),
    row(
        "Sec-CH-Prefers-Reduced-Motion",
        REQUEST,
        "Whether the person prefers pages that move little.",
        f"{_MEDIA}sec-ch-prefers-reduced-motion",
        '"reduce"',
    ),
    row(
        "Sec-CH-Prefers-Reduced-Transparency",
        REQUEST,
        "Whether the person prefers pages with little transparency.",
        f"{_MEDIA}sec-ch-prefers-reduced-transparency",
        '"reduce"',
    ),
    row(
        "Sec-CH-Prefers-Contrast",
        REQUEST,
        "Whether the person prefers more or less contrast.",
        f"{_MEDIA}sec-ch-prefers-contrast",
        '"more"',
    ),
    row(
        "Sec-CH-Forced-Colors",
        REQUEST,
        "Whether the system forces a palette of its own on pages.",
        f"{_MEDIA}sec-ch-forced-colors",
        '"none"',
    ),
)
def word_hint(value: str) -> str:
    """A word."""
    words = {
        "slow-2g": "As slow as the slowest 2G: text alone.",
        "2g": "As 2G: small images.",
        "3g": "As 3G: large images, and video in low quality.",
        "4g": "As 4G or better: video in high quality.",
        "on": "Yes.",
        "dark": "Dark.",
        "light": "Light.",
        "reduce": "Yes.",
        "no-preference": "No preference.",
        "more": "More contrast.",
        "less": "Less contrast.",
        "none": "No.",
        "active": "Yes.",
        "custom": "Colours of the person's own.",
    }
    return words.get(value.strip().strip('"').lower()) or odd(value)
