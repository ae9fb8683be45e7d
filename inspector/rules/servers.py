"""How to set a response field, and to answer a preflight, in the software that answered, where it tells its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from inspector.subject import Subject

Setting = Literal["origin", "credentials", "methods", "headers", "expose"]

FIELD_OF: Mapping[Setting, str] = {
    "origin": "Access-Control-Allow-Origin",
    "credentials": "Access-Control-Allow-Credentials",
    "methods": "Access-Control-Allow-Methods",
    "headers": "Access-Control-Allow-Headers",
    "expose": "Access-Control-Expose-Headers",
}


class Technology(NamedTuple):
    """A server or framework: how it sets any field, how its CORS settings are called, and what to beware of."""

    name: str
    field: str = ""
    """Template with ``{name}`` and ``{value}``; empty where fields are not set one by one."""
    cors: Mapping[Setting, str] | None = None
    """Templates for the CORS settings of a framework: ``{value}``, and for lists of names ``{single}`` or ``{double}``
    (the whole list, each name in quotation marks of that kind), ``{symbols}`` (in Ruby's way and lower case, as
    rack-cors compares methods), ``{spring}`` (as Spring's constants) or ``{added}`` (what the list lacks)."""
    trap: str = ""
    preflight: str = ""
    """What answers ``OPTIONS`` with 204 before all else: template with ``{origin}`` and ``{method}``; no full stop."""


_NGINX = Technology(
    "nginx",
    'add_header {name} "{value}" always;',
    trap="Without `always`, nginx leaves the field out of error responses, and an `add_header` in an inner block "
    "drops those of the outer ones.",
    preflight="`if ($request_method = OPTIONS) {{ return 204; }}` in the `location`, with the `add_header … always` "
    "lines inside the `if` as well",
)
_APACHE = Technology(
    "Apache",
    'Header always set {name} "{value}"',
    trap="Without `always`, error responses go out without the field.",
    preflight="`RewriteCond %{{REQUEST_METHOD}} =OPTIONS` and `RewriteRule ^ - [R=204,L]`, before whatever asks for a "
    "login",
)
_IIS = Technology(
    "IIS",
    '<add name="{name}" value="{value}" /> (in web.config, `customHeaders`)',
    preflight='the IIS CORS module, `<cors enabled="true"><add origin="{origin}" /></cors>` in web.config, answers '
    "`OPTIONS` before the application and its login",
)
_CADDY = Technology(
    "Caddy",
    'header {name} "{value}"',
    preflight="`@preflight method OPTIONS` and `respond @preflight 204`",
)
_EXPRESS = Technology(
    "Express",
    "res.set('{name}', '{value}')",
    {
        "origin": "app.use(cors({{ origin: '{value}' }}))",
        "credentials": "cors({{ origin: '…', credentials: true }})",
        "methods": "cors({{ methods: [{single}] }})",
        "headers": "cors({{ allowedHeaders: [{single}] }})",
        "expose": "cors({{ exposedHeaders: [{single}] }})",
    },
    "`app.use(cors(…))` has to come before the routes and before what checks the login.",
    "`app.use(cors({{ origin: '{origin}' }}))`, which answers `OPTIONS` too",
)
_DJANGO = Technology(
    "Django",
    "response['{name}'] = '{value}'",
    {
        "origin": "CORS_ALLOWED_ORIGINS = ['{value}']",
        "credentials": "CORS_ALLOW_CREDENTIALS = True",
        "methods": "CORS_ALLOW_METHODS = [*default_methods, {added}]",
        "headers": "CORS_ALLOW_HEADERS = [*default_headers, {added}]",
        "expose": "CORS_EXPOSE_HEADERS = [{single}]",
    },
    "These are settings of `django-cors-headers`; its middleware has to stand above `CommonMiddleware`.",
    "`CORS_ALLOWED_ORIGINS = ['{origin}']`, and the middleware answers `OPTIONS` itself",
)
_FLASK = Technology(
    "Flask",
    "response.headers['{name}'] = '{value}'",
    {
        "origin": "CORS(app, origins=['{value}'])",
        "credentials": "CORS(app, supports_credentials=True)",
        "methods": "CORS(app, methods=[{single}])",
        "headers": "CORS(app, allow_headers=[{single}])",
        "expose": "CORS(app, expose_headers=[{single}])",
    },
    "`CORS` is from `flask-cors`.",
    "`CORS(app, origins=['{origin}'])`, which answers `OPTIONS` too; what checks the login has to let `OPTIONS` pass",
)
_STARLETTE = Technology(
    "FastAPI or Starlette",
    "response.headers['{name}'] = '{value}'",
    {
        "origin": "app.add_middleware(CORSMiddleware, allow_origins=['{value}'])",
        "credentials": "CORSMiddleware, allow_credentials=True",
        "methods": "CORSMiddleware, allow_methods=[{single}]",
        "headers": "CORSMiddleware, allow_headers=[{single}]",
        "expose": "CORSMiddleware, expose_headers=[{single}]",
    },
    "An unhandled exception is answered outside the middleware, without its fields.",
    "`app.add_middleware(CORSMiddleware, allow_origins=['{origin}'], allow_methods=['{method}'])`, which answers "
    "preflights itself",
)
_SPRING = Technology(
    "Spring",
    'response.setHeader("{name}", "{value}")',
    {
        "origin": '@CrossOrigin(origins = "{value}")',
        "credentials": '@CrossOrigin(allowCredentials = "true")',
        "methods": "@CrossOrigin(methods = {{{spring}}})",
        "headers": "@CrossOrigin(allowedHeaders = {{{double}}})",
        "expose": "@CrossOrigin(exposedHeaders = {{{double}}})",
    },
    "With Spring Security, `http.cors(withDefaults())` is needed too, or the preflight is refused as not logged in.",
    '`@CrossOrigin(origins = "{origin}")` on the controller',
)
_TOMCAT = Technology(
    "Tomcat",
    'response.setHeader("{name}", "{value}");',
    preflight="the filter `org.apache.catalina.filters.CorsFilter` (in web.xml, before the filter that checks the "
    "login) answers `OPTIONS` itself",
)
_ASPNET = Technology(
    "ASP.NET Core",
    'Response.Headers["{name}"] = "{value}"',
    {
        "origin": 'app.UseCors(p => p.WithOrigins("{value}"))',
        "credentials": "p.AllowCredentials()",
        "methods": "p.WithMethods({double})",
        "headers": "p.WithHeaders({double})",
        "expose": "p.WithExposedHeaders({double})",
    },
    "`UseCors` has to come after `UseRouting` and before `UseAuthorization`.",
    '`app.UseCors(p => p.WithOrigins("{origin}").WithMethods("{method}"))`, which answers preflights itself',
)
_RAILS = Technology(
    "Rails",
    "response.set_header('{name}', '{value}')",
    {
        "origin": "origins '{value}' (in rack-cors' `allow` block)",
        "credentials": "resource '*', credentials: true",
        "methods": "resource '*', methods: [{symbols}]",
        "headers": "resource '*', headers: [{single}]",
        "expose": "resource '*', expose: [{single}]",
    },
    preflight="rack-cors, inserted before the rest of the middleware (`insert_before 0, Rack::Cors`), answers "
    "`OPTIONS` itself",
)
_LARAVEL = Technology(
    "Laravel",
    "$response->header('{name}', '{value}')",
    {
        "origin": "'allowed_origins' => ['{value}'] (in config/cors.php)",
        "credentials": "'supports_credentials' => true (in config/cors.php)",
        "methods": "'allowed_methods' => [{single}] (in config/cors.php)",
        "headers": "'allowed_headers' => [{single}] (in config/cors.php)",
        "expose": "'exposed_headers' => [{single}] (in config/cors.php)",
    },
    preflight="`HandleCors` answers `OPTIONS` for what `'paths'` of config/cors.php names",
)
_PHP = Technology(
    "PHP",
    "header('{name}: {value}');",
    preflight="`if ($_SERVER['REQUEST_METHOD'] === 'OPTIONS') {{ http_response_code(204); exit; }}`, after the "
    "`header(…)` calls and before the login is checked",
)
_S3 = Technology(
    "Amazon S3",
    "",
    {
        "origin": '"AllowedOrigins": ["{value}"] (in the bucket\'s CORS configuration)',
        "credentials": "S3 sends it by itself where `AllowedOrigins` names the origin",
        "methods": '"AllowedMethods": [{double}] (in the bucket\'s CORS configuration)',
        "headers": '"AllowedHeaders": [{double}] (in the bucket\'s CORS configuration)',
        "expose": '"ExposeHeaders": [{double}] (in the bucket\'s CORS configuration)',
    },
    "S3 sends these fields only where the request has an `Origin`, so a CDN in front has to vary its cache by it.",
    'one rule of the bucket\'s CORS configuration has to have both `"AllowedOrigins": ["{origin}"]` and '
    '`"AllowedMethods": ["{method}"]`; where none has, S3 answers 403',
)
_CLOUDFRONT = Technology(
    "CloudFront",
    "{name}: {value} (in a response headers policy, “origin override” on)",
    trap="Forward `Origin` to the origin server (an origin request policy), or cached copies answer everyone alike.",
    preflight="allow `OPTIONS` among the methods of the cache behaviour, and let its policies pass on `Origin` and "
    "`Access-Control-Request-*`",
)
_CLOUDFLARE = Technology(
    "Cloudflare",
    "{name}: {value} (at the server behind it, or in a response header transform rule)",
)

# What a field's value begins with or has in it, in lower case. The framework is asked before what stands in front.
_POWERED: tuple[tuple[str, Technology], ...] = (
    ("express", _EXPRESS),
    ("asp.net", _ASPNET),
    ("phusion", _RAILS),
    ("rails", _RAILS),
    ("laravel", _LARAVEL),
    ("php", _PHP),
    ("django", _DJANGO),
    ("flask", _FLASK),
    ("spring", _SPRING),
)
_SERVERS: tuple[tuple[str, Technology], ...] = (
    ("werkzeug", _FLASK),
    ("wsgiserver", _DJANGO),
    ("uvicorn", _STARLETTE),
    ("kestrel", _ASPNET),
    ("puma", _RAILS),
    ("phusion", _RAILS),
    ("amazons3", _S3),
    ("cloudfront", _CLOUDFRONT),
    ("openresty", _NGINX),
    ("nginx", _NGINX),
    ("apache-coyote", _TOMCAT),
    ("apache", _APACHE),
    ("microsoft-iis", _IIS),
    ("caddy", _CADDY),
    ("cloudflare", _CLOUDFLARE),
)


@lru_cache(maxsize=1024)
def recognise(powered_by: str, server: str) -> Technology | None:
    """The technology told by ``X-Powered-By`` and ``Server`` values, ``None`` where they tell none we know."""
    for value, table in ((powered_by.lower(), _POWERED), (server.lower(), _SERVERS)):
        for known, technology in table if value else ():
            if known in value:
                return technology
    return None


def technology(x: Subject) -> Technology | None:
    """The technology that says it made this response."""
    return recognise(x.res.get("x-powered-by") or "", x.res.get("server") or "")


def set_field(x: Subject, name: str, value: str) -> str:
    """A sentence on how the software that answered sets a response field; empty where it is not known."""
    found = technology(x)
    if found is None or not found.field:
        return ""
    return f" With {found.name}: `{found.field.format(name=name, value=value)}`."


def set_cors(
    found: Technology | None,
    setting: Setting,
    value: str = "true",
    all_of: Sequence[str] = (),
    added: Sequence[str] = (),
) -> str:
    """A sentence on how a CORS field is set with this software, and what to beware of.

    Of a list of names, `all_of` is the whole one and `added` what it lacked.
    """
    if found is None:
        return ""
    names = tuple(all_of) or (value,)
    if found.cors is not None:
        text = found.cors[setting].format(
            value=value,
            single=", ".join(f"'{name}'" for name in names),
            double=", ".join(f'"{name}"' for name in names),
            symbols=", ".join(f":{name.lower()}" for name in names),
            added=", ".join(f"'{name}'" for name in added or names),
            spring=", ".join(f"RequestMethod.{name}" for name in names),
        )
    else:
        text = found.field.format(name=FIELD_OF[setting], value=", ".join(names))
    return f" With {found.name}: `{text}`." + (f" {found.trap}" if found.trap else "")


def answer_preflights(found: Technology | None, origin: str, method: str) -> str:
    """A sentence on what lets this software answer ``OPTIONS`` before anything else does, and what to beware of."""
    if found is None or not found.preflight:
        return ""
    how = found.preflight.format(origin=origin, method=method)
    return f" With {found.name}: {how}." + (f" {found.trap}" if found.trap else "")
