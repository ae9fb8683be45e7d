import pytest

from tests.capture.hars import entry, har, opened

CHROME = {"name": "WebInspector", "version": "537.36"}


def agent(version):
    return [
        {
            "name": "User-Agent",
            "value": f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/{version}.0.0.0 Safari/537.36",
        }
    ]


def recorder(tmp_path, *entries, creator=CHROME, **log):
    return opened(tmp_path, har(*entries, creator=creator, **log)).recorder


@pytest.mark.parametrize(
    ("creator", "browser", "vantage", "preflights"),
    [
        ("WebInspector", None, "browser", True),
        ("Firefox", "Firefox", "browser", None),
        ("WebKit Web Inspector", None, "browser", None),
        ("Playwright", "chromium", "browser", False),
        ("WebPagetest", "Google Chrome", "browser", None),
        ("chrome-har", "Chrome", "browser", None),
        ("Something new", "Chrome", "browser", None),
        ("Something new", None, None, None),
        ("Charles Proxy", None, "proxy", True),
        ("Fiddler", None, "proxy", True),
        ("mitmproxy", None, "proxy", True),
        ("HTTP Toolkit", None, "proxy", True),
        ("Proxyman", None, "proxy", True),
        ("Insomnia REST Client", None, "client", None),
        ("Postman", None, "client", None),
        ("k6", None, "client", None),
    ],
)
def test_where_the_recorder_stood(tmp_path, creator, browser, vantage, preflights):
    log = {"browser": {"name": browser, "version": "1"}} if browser else {}
    found = recorder(tmp_path, entry(), creator={"name": creator, "version": "1"}, **log)
    assert (found.vantage, found.preflights_recorded, found.kind) == (vantage, preflights, "har")
    assert found.browser == (f"{browser} 1" if browser else None)


def test_requests_of_playwrights_own_client_are_a_clients(tmp_path):
    capture = opened(tmp_path, har(entry(_apiRequest=True), entry(), creator={"name": "Playwright", "version": "1.50"}))
    assert [exchange.context.recorder.vantage for exchange in capture.exchanges()] == ["client", "browser"]


def chrome(version, **changes):
    return entry(request__headers=agent(version), **changes)


def test_a_sanitised_file_of_chrome_says_that_cookies_are_not_in_it(tmp_path):
    capture = opened(tmp_path, har(*[chrome(131)] * 3, creator=CHROME))
    assert capture.recorder.cookies_recorded is False
    assert any(
        note.startswith("This recording was exported without cookies and credentials:") for note in capture.info().notes
    )


def test_a_file_without_user_agents_is_told_by_its_connection_ids(tmp_path):
    assert recorder(tmp_path, *[entry(_connectionId="1")] * 3).cookies_recorded is False
    assert recorder(tmp_path, *[entry()] * 3).cookies_recorded is None


@pytest.mark.parametrize(
    "sign",
    [
        {"request__headers": [*agent(131), {"name": "cookie", "value": "a=b"}]},
        {"request__headers": [*agent(131), {"name": "Authorization", "value": "Bearer x"}]},
        {"response__headers": [{"name": "SET-COOKIE", "value": "a=b"}]},
        {"request__cookies": [{"name": "a", "value": "b"}]},
    ],
)
@pytest.mark.parametrize("before", [0, 250])
def test_one_cookie_or_credential_anywhere_shows_that_they_are_kept(tmp_path, sign, before):
    capture = opened(tmp_path, har(*[chrome(131)] * before, entry(**sign), *[chrome(131)] * 3, creator=CHROME))
    assert capture.recorder.cookies_recorded is True
    assert capture.info().notes == ()


def test_the_word_in_content_shows_nothing(tmp_path):
    text = 'document.cookie; {"name": "Cookie", "cookies": [{"a": 1}]} "authorization"'
    tricky = chrome(131, response__content__text=text, response__headers=[{"name": "Vary", "value": "Cookie"}])
    assert recorder(tmp_path, *[tricky] * 3).cookies_recorded is False


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([chrome(120)] * 5, id="an older Chrome"),
        pytest.param([chrome(131)] * 2, id="too few"),
        pytest.param([chrome(131, _fromCache="disk")] * 5, id="all from the cache"),
        pytest.param([chrome(131, response__status=0)] * 5, id="no responses"),
        pytest.param([], id="empty"),
    ],
)
def test_what_cannot_be_told_is_unknown(tmp_path, entries):
    assert recorder(tmp_path, *entries).cookies_recorded is None


def test_other_browsers_keep_cookies_or_nobody_knows(tmp_path):
    firefox = {"name": "Firefox", "version": "130"}
    assert recorder(tmp_path, *[entry()] * 5, creator=firefox).cookies_recorded is None
    cookie = [{"name": "Cookie", "value": "a=b"}]
    assert recorder(tmp_path, entry(request__headers=cookie), creator=firefox).cookies_recorded is True


def test_a_proxy_keeps_cookies(tmp_path):
    assert recorder(tmp_path, entry(), creator={"name": "Fiddler"}).cookies_recorded is True
