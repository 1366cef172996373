"""The ASGI app: the table of routes, the pages, static files, and one form for all errors."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.routing import Route as StarletteRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from signdata.errors import SigndataError
from signdata.serving import handlers, html_pages
from signdata.serving.guard import Guard, Tokens
from signdata.serving.problems import ApiError, from_error
from signdata.serving.requests import json
from signdata.serving.routes import ROUTES
from signdata.serving.site import Site

STATIC = Path(__file__).parent / "static"


def build(site: Site, tokens: Tokens, hosts: tuple[str, ...], port: int) -> ASGIApp:
    """The whole app.

    Parameters
    ----------
    site : Site
        What it shows.
    tokens : Tokens
        What lets in.
    hosts : tuple of str
        Names by which it may be called, beside those of the loopback interface.
    port : int
        Of the server.
    """
    routes: list[BaseRoute] = [
        StarletteRoute(one.path, getattr(handlers, one.handler), methods=[one.method])
        for one in ROUTES
    ]
    routes += html_pages.routes()
    if STATIC.is_dir():
        routes.append(Mount("/static", StaticFiles(directory=STATIC)))
    app = Starlette(
        routes=routes,
        exception_handlers={
            ApiError: _api_error,
            SigndataError: _library_error,
            HTTPException: _http_error,
            Exception: _bug,
        },
    )
    app.state.site = site
    app.router.redirect_slashes = False
    return Guard(app, tokens, hosts, port)


async def _api_error(request: Request, err: Exception) -> Response:
    assert isinstance(err, ApiError)
    return json(err.body(), err.status, err.headers)


async def _library_error(request: Request, err: Exception) -> Response:
    assert isinstance(err, SigndataError)
    return await _api_error(request, from_error(err))


async def _http_error(request: Request, err: Exception) -> Response:
    assert isinstance(err, HTTPException)
    found = ApiError(err.status_code, str(err.detail), where=request.url.path)
    return json(found.body(), err.status_code, dict(err.headers or {}))


async def _bug(request: Request, err: Exception) -> Response:
    """A bug of ours: its traceback is printed where the server was started."""
    traceback.print_exception(err, file=sys.stderr)
    found = ApiError(
        500, f"{type(err).__name__}: a bug of signdata", remedy="The server printed where it is."
    )
    return json(found.body(), 500)
