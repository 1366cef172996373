"""Who may talk to the app: token, Host, Origin, fetch metadata; and the headers of every answer."""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec
from starlette.datastructures import Headers, MutableHeaders, QueryParams

from signdata.serving.problems import ApiError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOKEN_BYTES = 24
"""192 bits."""

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'; require-trusted-types-for 'script'"
)

HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self)",
}

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

OPEN_TO_ALL = "/healthz"
"""What is answered without the token."""

_SAFE = ("GET", "HEAD")

_WELCOME = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>signdata</title>
<meta http-equiv="refresh" content="0; url=./"></head>
<body><p><a href="./">Continue to signdata</a></p></body></html>"""

_NO_TOKEN = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>signdata</title>
</head><body><p>Open the link that <code>signdata serve</code> printed: it has the token that
this page asks for.</p></body></html>"""


class Tokens:
    """The token of one run of the server, and one that is good for a single use.

    Attributes
    ----------
    token : str
    """

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(TOKEN_BYTES)
        self._once: str | None = None

    def once(self) -> str:
        """A token that lets in once, to be put on another program's command line."""
        self._once = secrets.token_urlsafe(TOKEN_BYTES)
        return self._once

    def accepts(self, given: str) -> bool:
        """Whether this is the token."""
        return hmac.compare_digest(given.encode(), self.token.encode())

    def lets_in(self, given: str) -> bool:
        """Whether a link with this token lets in; a token for a single use is then used up."""
        if self._once is not None and hmac.compare_digest(given.encode(), self._once.encode()):
            self._once = None
            return True
        return self.accepts(given)


class Guard:
    """ASGI middleware around the whole app.

    Parameters
    ----------
    app : ASGIApp
    tokens : Tokens
    hosts : iterable of str
        Names by which the app may be called, beside those of the loopback interface.
    port : int
        Of the server; cookies do not know ports, so the cookie's name does.
    """

    def __init__(self, app: ASGIApp, tokens: Tokens, hosts: tuple[str, ...], port: int) -> None:
        self._app, self._tokens = app, tokens
        self._hosts = LOOPBACK | {host.strip("[]").lower() for host in hosts}
        self.cookie = f"signdata-{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # there are no web sockets here
            await send({"type": "websocket.close", "code": 1008})
            return
        with_headers = _adding_headers(send)
        try:
            page = self._entrance(scope)
            if page is None:
                await self._app(scope, receive, with_headers)
                return
        except ApiError as err:
            page = _refusal(err, scope)
        await page(scope, receive, with_headers)

    def _entrance(self, scope: Scope) -> ASGIApp | None:
        """Let a request in by returning None, or answer it; raise `ApiError` to refuse it."""
        headers = Headers(scope=scope)
        host = self._check_host(headers)
        given = QueryParams(scope["query_string"]).get("token")
        is_link = scope["path"] == "/" and given is not None and scope["method"] in _SAFE
        self._check_origin(headers, host, is_link=is_link)
        if scope["path"] == OPEN_TO_ALL:
            return None
        if is_link and given is not None:
            if not self._tokens.lets_in(given):
                raise ApiError(
                    401, "wrong token", where="token", remedy="Open the link of the running server."
                )
            return self._welcome(headers)
        if not self._knows_token(headers):
            raise ApiError(
                401,
                "no token",
                where="cookie or Authorization",
                remedy="Open the link that signdata serve printed.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return None

    def _check_host(self, headers: Headers) -> str:
        hosts = headers.getlist("host")
        if len(hosts) != 1:
            raise ApiError(400, f"{len(hosts)} Host headers; expected one", where="Host")
        try:
            name = (urlsplit(f"//{hosts[0]}").hostname or "").rstrip(".")
        except ValueError:
            name = ""
        if name not in self._hosts:
            raise ApiError(
                421,
                f"called by the name {name!r}; expected one of the loopback interface",
                where="Host",
                remedy="Start signdata serve with --allow-host NAME if that name is yours.",
            )
        return hosts[0]

    def _check_origin(self, headers: Headers, host: str, *, is_link: bool) -> None:
        origins = headers.getlist("origin")
        if any(origin not in (f"http://{host}", f"https://{host}") for origin in origins):
            raise ApiError(403, "asked by another page", where="Origin")
        site = headers.get("sec-fetch-site")
        if site in (None, "same-origin", "none"):
            return
        if (
            is_link
            and headers.get("sec-fetch-mode") == "navigate"
            and (headers.get("sec-fetch-dest") == "document")
        ):
            return
        raise ApiError(403, "asked by another page", where="Sec-Fetch-Site")

    def _knows_token(self, headers: Headers) -> bool:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._tokens.accepts(given.strip())
        return any(self._tokens.accepts(one) for one in self._cookies(headers))

    def _cookies(self, headers: Headers) -> list[str]:
        from starlette.requests import cookie_parser

        found = [cookie_parser(text).get(self.cookie) for text in headers.getlist("cookie")]
        return [one for one in found if one is not None]

    def _welcome(self, headers: Headers) -> ASGIApp:
        """Keep the token in a cookie, and get it out of the address bar.

        Someone who comes from another site's page is shown a page first: a browser sends no
        strict cookie along a redirect that began there.
        """
        from starlette.responses import HTMLResponse, RedirectResponse, Response

        response: Response
        if headers.get("sec-fetch-site") in (None, "same-origin", "none"):
            response = RedirectResponse("./", 303)
        else:
            response = HTMLResponse(_WELCOME)
        response.set_cookie(
            self.cookie, self._tokens.token, httponly=True, samesite="strict", path="/"
        )
        response.headers["Cache-Control"] = "no-store"
        return response


def _refusal(err: ApiError, scope: Scope) -> ASGIApp:
    from starlette.responses import HTMLResponse, Response

    accepts = Headers(scope=scope).get("accept", "")
    if err.status == 401 and "text/html" in accepts and not scope["path"].startswith("/api/"):
        return HTMLResponse(_NO_TOKEN, 401, headers={"Cache-Control": "no-store"})
    return Response(
        msgspec.json.encode(err.body()),
        err.status,
        {"Cache-Control": "no-store", **err.headers},
        "application/json",
    )


def _adding_headers(send: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            if "cache-control" not in headers:
                headers["Cache-Control"] = "no-store"
        await send(message)

    return with_headers
