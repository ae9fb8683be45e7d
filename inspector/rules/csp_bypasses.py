"""Hosts that serve something with which a script allowlist naming them can be got around, and what that is.

Facts, gathered from published research on allowlists (what Google's csp-evaluator looks for) and from what the
services say of themselves. A line is a host and paths on it. An allowlist that names the host without a path, or
with one
that covers the known path, admits it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from msgspec import Struct

from inspector.browser.csp_match import path_part_matches
from inspector.fields.csp import HostSource

CALLBACK = "answers with a script that begins with whatever name the address asks for (JSONP)"
TEMPLATE = "serves AngularJS, which turns text in the page into code"
PUBLISHED = "serves files that anybody can publish"

_PUBLISHERS = """
cdn.jsdelivr.net /gh/ /npm/
unpkg.com /
esm.sh /
esm.run /
jspm.dev /
cdn.skypack.dev /
raw.githack.com /
rawcdn.githack.com /
cdn.rawgit.com /
cdn.statically.io /
gist.githack.com /
gitcdn.xyz /
storage.googleapis.com /
firebasestorage.googleapis.com /
s3.amazonaws.com /
raw.githubusercontent.com /
*.github.io /
*.gitlab.io /
*.pages.dev /
*.workers.dev /
*.vercel.app /
*.netlify.app /
*.web.app /
*.firebaseapp.com /
*.herokuapp.com /
*.appspot.com /
*.cloudfront.net /
*.azureedge.net /
*.azurewebsites.net /
*.blob.core.windows.net /
*.s3.amazonaws.com /
*.amazonaws.com /
*.fastly.net /
*.akamaihd.net /
*.kxcdn.com /
*.b-cdn.net /
*.r2.dev /
*.surge.sh /
*.glitch.me /
*.repl.co /
*.ngrok.io /
"""

# Their callback names are limited, so that they are of use only where the policy allows `eval` too.
_NEED_EVAL = frozenset(
    {
        "googletagmanager.com",
        "www.googletagmanager.com",
        "www.googleadservices.com",
        "google-analytics.com",
        "ssl.google-analytics.com",
        "www.google-analytics.com",
    }
)

_CALLBACKS = """
9.chart.apis.google.com /chart
a.config.skype.com /config/v1/Skype/908_1.33.0.111/SkypePersonalization
a.tiles.mapbox.com /v3/zentralmedia.map-n2raeauc.jsonp
a248.e.akamai.net /h5.hulu.com/h5.mp4
accounts.google.com /o/oauth2/revoke
afpeng.alimama.com /ex
ajax.googleapis.com /ajax/services/search/news
an.yandex.ru /page/147484
api.facebook.com /restserver.php
api.flickr.com /services/feeds/photos_friends.gne
api.instagram.com /v1/tags/partykungen23328/media/recent
api.map.baidu.com /
api.mixpanel.com /track/
api.userlike.com /api/chat/slot/proactive/
api.vk.com /method/wall.get
autocomplete.travelpayouts.com /avia
awaps.yandex.ru /10/8938/02400400.
bebezoo.1688.com /fragment/index.htm
beta.gismeteo.ru /api/informer/layout.js/120x240-3/ru/
books.google.com /books
c.tiles.mapbox.com /v3/texastribune.tx-congress-cvap/6/15/26.grid.json
c1n2.hypercomments.com /stream/subscribe
c1n3.hypercomments.com /stream/subscribe
catalog.api.2gis.ru /ads/search
cbks0.googleapis.com /cbk
ccrprod.alipay.com /ccr/arriveTime.json
cdn.jsdelivr.net /
cdn.syndication.twimg.com /widgets/timelines/599200054310604802
cdn.syndication.twitter.com /moments/709229296800440320
client.siteheart.com /streamcli/client
clients1.google.com /complete/search
community.adobe.com /CommunityPod/getJSON
connect.mail.ru /share_count
count.tbcdn.cn //counter3
cse.google.com /api/007627024705277327428/cse/r3vs7b0fcli/queries/js
d1f69o4buvlrj5.cloudfront.net /__efa_15_1_ornpba.xekq.arg/optout_check
data.gongchang.com /livegrail/
de.blog.newrelic.com /wp-admin/admin-ajax.php
detector.alicdn.com /2.7.3/index.php
dev.virtualearth.net /REST/V1/Imagery/Metadata/AerialWithLabels/26.318581
fast.wistia.com /embed/medias/o75jtw7654.json
fellowes.ugc.bazaarvoice.com /data/reviews.json
gdata.youtube.com /feeds/api/videos/WsJIHN1kNWc
google.ru /maps/vt
googleads.g.doubleclick.net /pagead/conversion/1036918760/wcm
googletagmanager.com /gtm/js
graph.facebook.com /1/
group.aliexpress.com /ajaxAcquireGroupbuyProduct.do
gum.criteo.com /sync
gupiao.baidu.com /stocks/stockbets
h.cackle.me /widget/32153/bootstrap
i.cackle.me /widget/32586/bootstrap
ib.adnxs.com /jpt
id.rambler.ru /script/topline_info.js
kecngantang.blogspot.com /feeds/posts/default/-/Komik
links.services.disqus.com /api/ping
m.addthis.com /live/red_lojson/100eng.json
maps.beeline.ru /w
maps.google.com /maps/vt
maps.google.de /maps/vt
maps.google.lv /maps/vt
maps.google.ru /maps/vt
maps.googleapis.com /maps/api/js/GeoPhotoService.GetMetadata
mc.yandex.ru /watch/24306916/1
mt1.googleapis.com /mapslt/ft
mts0.googleapis.com /maps/vt
mts1.googleapis.com /mapslt/ft
nominatim.openstreetmap.org /
offer.alibaba.com /market/CID100002954/5/fetchKeyword.do
ok.go.mail.ru /lady_on_lady_recipes_r.json
pagead2.googlesyndication.com /relatedsearch
partner.googleadservices.com /gampad/ads
pass.yandex.com /services
pass.yandex.ru /services
pass.yandex.ua /services
passport.ngs.ru /ajax/check
pin.aliyun.com /check_audio
pipes.yahooapis.com /pipes/pipe.run
plugins.mozilla.org /en-us/plugins_list.json
pro.netrox.sc /oapi/h_checksite.ashx
publish.twitter.com /oembed
pubsub.pubnub.com /subscribe/demo/hello_world/
query.yahooapis.com /v1/public/yql
rec.ydf.yandex.ru /cookie
relap.io /api/v2/similar_pages_jsonp.js
rexchange.begun.ru /banners
se.wikipedia.org /w/api.php
securepubads.g.doubleclick.net /gampad/ads
share.yandex.net /counter/gpp/
ssl.google-analytics.com /gtm/js
suggest.taobao.com /sug
syndication.twitter.com /widgets/timelines/765840589183213568
target.ukr.net /
tj.gongchang.com /api/keywordrecomm/
tr.indeed.com /m/newjobs
translate.google.com /translate_a/l
translate.googleapis.com /translate_a/l
translate.yandex.net /api/v1.5/tr.json/detect
ulogin.ru /token.php
video.media.yql.yahoo.com /v1/video/sapi/streams/063fb76c-6c70-38c5-9bbc-04b7c384de2b
vimeo.com /api/oembed.json/
wb.amap.com /channel.php
widget.admitad.com /widget/init
widgets.pinterest.com /v3/pidgets/boards/ciciwin/hedgehog-squirrel-crafts/pins/
wpd.b.qq.com /cgi/get_sign.php
wslocker.ru /client/user.chk.php
www-onepick-opensocial.googleusercontent.com /gadgets/proxy
www.blogger.com /feeds/5578653387562324002/posts/summary/4427562025302749269
www.facebook.com /restserver.php
www.google-analytics.com /gtm/js
www.google.com /tools/feedback/escalation-options
www.google.de /maps/vt
www.googleadservices.com /pagead/conversion/1070110417/wcm
www.googleapis.com /freebase/v1/topic/m/0344_
www.googletagmanager.com /gtm/js
www.meteoprog.ua /data/weather/informer/Poltava.js
www.panoramio.com /map/get_panoramas.php
www.sharethis.com /get-publisher-info.php
www.travelpayouts.com /widgets/50f53ce9ada1b54bcc000031.json
www.youku.com /index_cookielist/s/jsonp
www.youtube.com /profile_style
yandex.ru /soft/browsers/check
ynuf.alipay.com /service/um.json
"""

_TEMPLATES = """
96fe3ee995e96e922b6b-d10c35bd0a0de2c718b252bc575fdb73.ssl.cf1.rackcdn.com /angular.js
ajax.googleapis.com /ajax/libs/angularjs/1.2.0rc1/angular-route.min.js
andors-trail.googlecode.com /git/AndorsTrailEdit/lib/angular.min.js
art.jobs.netease.com /script/angular.js
askgithub.com /static/js/angular.min.js
ayicommon-a.akamaihd.net /static/vendor/angular-1.4.2.min.js
cdn.bootcss.com /angular.js/1.2.0/angular.min.js
cdn.jsdelivr.net /angularjs/1.1.2/angular.min.js
cdn.shopify.com /s/files/1/0225/6463/t/1/assets/angular-animate.min.js
cdn.walkme.com /General/EnvironmentTests/angular/angular.min.js
cdn2-casinoroom.global.ssl.fastly.net /js/lib/angular-animate.min.js
cdnjs.cloudflare.com /ajax/libs/angular.js/1.2.16/angular.min.js
collade.demo.stswp.com /js/vendor/angular.min.js
csu-c45.kxcdn.com /angular/angular.js
dl.dropboxusercontent.com /u/30877786/angular.min.js
eb2883ede55c53e09fd5-9c145fb03d93709ea57875d307e2d82e.ssl.cf3.rackcdn.com /components/angular-resource.min.js
elysiumwebsite.s3.amazonaws.com /uploads/blog-media/rockstar/angular.min.js
eternal-sunset.herokuapp.com /bower_components/angular/angular.js
gift-talk.kakao.com /public/javascripts/angular.min.js
gstatic.com /fsn/angular_js-bundle1.js
inno.blob.core.windows.net /new/libs/AngularJS/1.2.1/angular.min.js
laundrymail.com /angular/angular.js
master-sumok.ru /vendors/angular/angular-cookies.js
mrfishie.github.io /sailor/bower_components/angular/angular.min.js
oss.maxcdn.com /angularjs/1.2.20/angular.min.js
pangxiehaitao.com /framework/angular-1.3.9/angular-animate.min.js
parademanagement.com.s3-website-ap-southeast-1.amazonaws.com /js/angular.min.js
prb-resume.appspot.com /bower_components/angular-animate/angular-animate.js
raw.githubusercontent.com /angular/code.angularjs.org/master/1.0.7/angular-resource.js
reports.zemanta.com /smedia/common/angularjs/1.2.11/angular.js
s3-eu-west-1.amazonaws.com /staticancpa/js/angular-cookies.min.js
services.amazon.com /solution-providers/assets/vendor/angular-cookies.min.js
static.tumblr.com /x5qdx0r/nPOnngtff/angular-resource.min_1_.js
storage.googleapis.com /assets-prod.urbansitter.net/us-sym/assets/vendor/angular-sanitize/angular-sanitize.min.js
twitter.github.io /labella.js/bower_components/angular/angular.min.js
www.adobe.com /devnet-apps/flashshowcase/lib/angular/angular.1.1.5.min.js
www.googleadservices.com /pageadimg/imgad
www.gstatic.com /fsn/angular_js-bundle1.js
yandex.st /angularjs/1.2.16/angular-cookies.min.js
yastatic.net /angularjs/1.2.23/angular.min.js
yuedust.yuedu.126.net /js/components/angular/angular.js
"""


class Bypass(Struct, frozen=True):
    """What gets around an allowlist: the host that serves it, and what that is (the end of a sentence)."""

    host: str
    what: str


def _read(table: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    rows = (line.split() for line in table.strip().split("\n"))
    return tuple((host, tuple(paths)) for host, *paths in rows)


@lru_cache(maxsize=1)
def _known() -> tuple[tuple[str, tuple[str, ...], str], ...]:
    tables = ((_PUBLISHERS, PUBLISHED), (_TEMPLATES, TEMPLATE), (_CALLBACKS, CALLBACK))
    return tuple((host, paths, what) for table, what in tables for host, paths in _read(table))


@lru_cache(maxsize=1)
def _covered() -> dict[str, list[tuple[str, tuple[str, ...], str]]]:
    """A source's host → the known services that it covers, in order."""
    covered: dict[str, list[tuple[str, tuple[str, ...], str]]] = {}
    for row in _known():
        host = row[0]
        patterns = {host} if host.startswith("*") else {host, *_patterns(host)}
        for pattern in patterns:
            covered.setdefault(pattern, []).append(row)
    return covered


def _patterns(host: str) -> Iterator[str]:
    """The patterns with a wildcard that cover a host."""
    while "." in host:
        host = host.partition(".")[2]
        yield f"*.{host}"


@lru_cache(maxsize=1024)
def bypass_of(source: HostSource, allows_eval: bool) -> Bypass | None:
    """What a source of a script allowlist admits besides what it is there for; ``None`` where nothing is known.

    `allows_eval`: the same list has ``'unsafe-eval'``, which some of the known services need.
    """
    if source.host == "*" or source.host.count(".") == 0:
        return None
    for host, paths, what in _covered().get(source.host, ()):
        if what == CALLBACK and host in _NEED_EVAL and not allows_eval:
            continue
        if any(path_part_matches(source.path, path) or (path == "/" and source.path == "") for path in paths):
            return Bypass(host, what)
    return None
