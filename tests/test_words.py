import pytest

from inspector.words import count, duration, listed, moment, octets


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.012, "12 ms"),
        (0, "0 ms"),
        (1, "1 second"),
        (1.5, "1.5 seconds"),
        (90, "1 minute 30 seconds"),
        (3600, "1 hour"),
        (86400, "1 day"),
        (34560000, "400 days"),
        (31536000, "1 year"),
        (63072000, "2 years"),
        (2592000, "30 days"),
        (-60, "-1 minute"),
    ],
)
def test_duration(seconds, text):
    assert duration(seconds) == text


def test_others():
    assert count(1, "reply", "replies") == "1 reply"
    assert count(2400, "reply", "replies") == "2,400 replies"
    assert [octets(n) for n in (1, 512, 1400, 146515, 999_999, 22_000_000)] == [
        "1 byte", "512 bytes", "1.4 kB", "147 kB", "1.0 MB", "22 MB",
    ]  # fmt: skip
    assert moment(1_772_366_520.0, 1_772_366_400.0) == "12:02:00 UTC"
    assert moment(1_772_366_520.0) == "1 March 2026, 12:02:00 UTC"
    assert "seconds since 1970" in moment(1e30)
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(["a", "b", "c", "d"], most=3) == "a, b and 2 more"
    assert listed([]) == ""
