"""How to set a response field in the software that answered, where it tells its name. One table for all rules."""

from __future__ import annotations

from collections.abc import Mapping
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
    """Templates with ``{value}`` for the CORS settings of a framework."""
    trap: str = ""


_NGINX = Technology(
    "nginx",
    'add_header {name} "{value}" always;',
    trap="Without `always`, nginx leaves the field out of error responses, and an `add_header` in an inner block "
    "drops those of the outer ones.",
)
_APACHE = Technology(
    "Apache",
    'Header always set {name} "{value}"',
    trap="Without `always`, error responses go out without the field.",
)
_IIS = Technology("IIS", '<add name="{name}" value="{value}" /> (in web.config, `customHeaders`)')
_CADDY = Technology("Caddy", 'header {name} "{value}"')
_EXPRESS = Technology(
    "Express",
    "res.set('{name}', '{value}')",
    {
        "origin": "app.use(cors({{ origin: '{value}' }}))",
        "credentials": "cors({{ origin: '…', credentials: true }})",
        "methods": "cors({{ methods: ['{value}'] }})",
        "headers": "cors({{ allowedHeaders: ['{value}'] }})",
        "expose": "cors({{ exposedHeaders: ['{value}'] }})",
    },
    "`app.use(cors(…))` has to come before the routes and before what checks the login.",
)
_DJANGO = Technology(
    "Django",
    "response['{name}'] = '{value}'",
    {
        "origin": "CORS_ALLOWED_ORIGINS = ['{value}']",
        "credentials": "CORS_ALLOW_CREDENTIALS = True",
        "methods": "CORS_ALLOW_METHODS = [*default_methods, '{value}']",
        "headers": "CORS_ALLOW_HEADERS = [*default_headers, '{value}']",
        "expose": "CORS_EXPOSE_HEADERS = ['{value}']",
    },
    "These are settings of `django-cors-headers`; its middleware has to stand above `CommonMiddleware`.",
)
_FLASK = Technology(
    "Flask",
    "response.headers['{name}'] = '{value}'",
    {
        "origin": "CORS(app, origins=['{value}'])",
        "credentials": "CORS(app, supports_credentials=True)",
        "methods": "CORS(app, methods=['{value}'])",
        "headers": "CORS(app, allow_headers=['{value}'])",
        "expose": "CORS(app, expose_headers=['{value}'])",
    },
    "`CORS` is from `flask-cors`.",
)
_STARLETTE = Technology(
    "FastAPI or Starlette",
    "response.headers['{name}'] = '{value}'",
    {
        "origin": "app.add_middleware(CORSMiddleware, allow_origins=['{value}'])",
        "credentials": "CORSMiddleware, allow_credentials=True",
        "methods": "CORSMiddleware, allow_methods=['{value}']",
        "headers": "CORSMiddleware, allow_headers=['{value}']",
        "expose": "CORSMiddleware, expose_headers=['{value}']",
    },
    "An unhandled exception is answered outside the middleware, without its fields.",
)
_SPRING = Technology(
    "Spring",
    'response.setHeader("{name}", "{value}")',
    {
        "origin": '@CrossOrigin(origins = "{value}")',
        "credentials": '@CrossOrigin(allowCredentials = "true")',
        "methods": "@CrossOrigin(methods = RequestMethod.{value})",
        "headers": '@CrossOrigin(allowedHeaders = "{value}")',
        "expose": '@CrossOrigin(exposedHeaders = "{value}")',
    },
    "With Spring Security, `http.cors(withDefaults())` is needed too, or the preflight is refused as not logged in.",
)
_TOMCAT = Technology("Tomcat", 'response.setHeader("{name}", "{value}");')
_ASPNET = Technology(
    "ASP.NET Core",
    'Response.Headers["{name}"] = "{value}"',
    {
        "origin": 'app.UseCors(p => p.WithOrigins("{value}"))',
        "credentials": "p.AllowCredentials()",
        "methods": 'p.WithMethods("{value}")',
        "headers": 'p.WithHeaders("{value}")',
        "expose": 'p.WithExposedHeaders("{value}")',
    },
    "`UseCors` has to come after `UseRouting` and before `UseAuthorization`.",
)
_RAILS = Technology(
    "Rails",
    "response.set_header('{name}', '{value}')",
    {
        "origin": "origins '{value}' (in rack-cors' `allow` block)",
        "credentials": "resource '*', credentials: true",
        "methods": "resource '*', methods: [:get, '{value}']",
        "headers": "resource '*', headers: ['{value}']",
        "expose": "resource '*', expose: ['{value}']",
    },
)
_LARAVEL = Technology(
    "Laravel",
    "$response->header('{name}', '{value}')",
    {
        "origin": "'allowed_origins' => ['{value}'] (in config/cors.php)",
        "credentials": "'supports_credentials' => true (in config/cors.php)",
        "methods": "'allowed_methods' => ['{value}'] (in config/cors.php)",
        "headers": "'allowed_headers' => ['{value}'] (in config/cors.php)",
        "expose": "'exposed_headers' => ['{value}'] (in config/cors.php)",
    },
)
_PHP = Technology("PHP", "header('{name}: {value}');")
_S3 = Technology(
    "Amazon S3",
    "",
    {
        "origin": '"AllowedOrigins": ["{value}"] (in the bucket\'s CORS configuration)',
        "credentials": "S3 sends it by itself where `AllowedOrigins` names the origin",
        "methods": '"AllowedMethods": ["{value}"] (in the bucket\'s CORS configuration)',
        "headers": '"AllowedHeaders": ["{value}"] (in the bucket\'s CORS configuration)',
        "expose": '"ExposeHeaders": ["{value}"] (in the bucket\'s CORS configuration)',
    },
    "S3 sends these fields only where the request has an `Origin`, so a CDN in front has to vary its cache by it.",
)
_CLOUDFRONT = Technology(
    "CloudFront",
    "{name}: {value} (in a response headers policy, “origin override” on)",
    trap="Forward `Origin` to the origin server (an origin request policy), or cached copies answer everyone alike.",
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


def set_cors(x: Subject, setting: Setting, value: str = "true") -> str:
    """The same for a CORS setting, with what to beware of."""
    found = technology(x)
    if found is None:
        return ""
    if found.cors is not None:
        text = found.cors[setting].format(value=value)
    else:
        text = found.field.format(name=FIELD_OF[setting], value=value)
    return f" With {found.name}: `{text}`." + (f" {found.trap}" if found.trap else "")
