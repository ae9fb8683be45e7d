"""Files that are not JSON as a whole: what can be read is read, what is lost is said."""

import json

import pytest

from inspector.capture import CaptureError
from tests.capture.hars import entry, har, opened

ENTRIES = [entry(request__url=f"https://shop.test/{number}") for number in range(10)]
LOG = har(*ENTRIES, pages=[{"id": "p", "title": "Shop"}])
TEXTS = {
    "compact": json.dumps(LOG, separators=(",", ":")),
    "indented": json.dumps(LOG, indent=2),
    "crlf": json.dumps(LOG, indent=2).replace("\n", "\r\n"),
}


def numbers(capture):
    return [int(exchange.request.url.rpartition("/")[2]) for exchange in capture.exchanges()]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_file_cut_in_an_entry_gives_the_complete_ones(tmp_path, text):
    cut = text[: text.index("shop.test/7") + 4]
    capture = opened(tmp_path, cut.encode())
    assert numbers(capture) == list(range(7))
    info = capture.info()
    assert info.entries == 8
    assert [(skipped.index, skipped.reason) for skipped in info.skipped] == [(7, "entry is cut short")]
    assert info.creator == "Tester 1"
    assert info.notes == (
        "The file is cut short: 7 entries were read whole, 1 was lost where it breaks off; what came after is not in it.",
    )


@pytest.mark.parametrize("end", ["", ",", ", ", "]", "]}"])
def test_a_file_cut_between_entries_lost_none_that_is_in_it(tmp_path, end):
    whole = ",".join(json.dumps(item) for item in ENTRIES[:3])
    capture = opened(tmp_path, ('{"log":{"entries":[' + whole + end).encode())
    assert numbers(capture) == [0, 1, 2]
    assert capture.info().skipped == ()
    assert len(capture.info().notes) == 1


def test_a_file_cut_before_its_entries_is_said(tmp_path):
    with pytest.raises(CaptureError, match="no entries could be found"):
        opened(tmp_path, TEXTS["compact"][:40].encode())


def test_pages_after_the_entries_are_found_in_a_damaged_file(tmp_path):
    text = json.dumps({"log": {"entries": [entry(time=12345.5)], "pages": [{"id": "p", "title": "Shop"}]}})
    capture = opened(tmp_path, text.replace("12345.5", "NaN").encode())
    assert [page.title for page in capture.pages] == ["Shop"]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param('"https://shop.test/4"', '"https://shop.test/4', id="a lost quote"),
        pytest.param('"https://shop.test/4"', 'https://shop.test/4"', id="a lost opening quote"),
        pytest.param('"https://shop.test/4"', '"https://shop.test/4"}', id="a brace too many"),
        pytest.param('"https://shop.test/4"', '"https://shop.test/4"{', id="a brace that opens"),
        pytest.param('"https://shop.test/4"', "\x00\x00\x00\x00", id="zeros"),
        pytest.param('"https://shop.test/4"', '"https://shop.test/4\\"', id="an escaped end"),
    ],
)
def test_damage_costs_one_entry(tmp_path, text, old, new):
    capture = opened(tmp_path, text.replace(old, new).encode())
    assert numbers(capture) == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    info = capture.info()
    assert info.entries == 10
    assert [skipped.index for skipped in info.skipped] == [4]
    assert info.skipped[0].reason.startswith("entry is not valid JSON")
    assert info.notes


def test_exporters_own_first_members_are_learned(tmp_path):
    items = [{"_mine": 1, **item} for item in ENTRIES]
    text = json.dumps(har(*items)).replace('"https://shop.test/4"', '"https://shop.test/4')
    assert numbers(opened(tmp_path, text.encode())) == [0, 1, 2, 3, 5, 6, 7, 8, 9]


def test_the_word_entries_in_content_is_no_list(tmp_path):
    first = entry(comment='"entries": [{"startedDateTime": 1}', request__url="https://shop.test/0", time=12345.5)
    text = json.dumps(har(first, ENTRIES[1])).replace("12345.5", "NaN")
    assert numbers(opened(tmp_path, text.encode())) == [0, 1]


def test_a_bare_list_that_is_cut(tmp_path):
    text = json.dumps(ENTRIES)
    capture = opened(tmp_path, text[: text.index("shop.test/3")].encode())
    assert numbers(capture) == [0, 1, 2]
    assert capture.entries == 4


def test_a_large_file_cut_short(tmp_path):
    text = json.dumps(har(*[entry(response__content__text='<p class="x">{[' * 200)] * 3000))
    capture = opened(tmp_path, text[:-500].encode())
    assert len(list(capture.exchanges())) == 2999
    assert capture.entries == 3000
