"""The pages for people: templates filled in with what does not change, the rest is asked for."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from signdata.serving.handlers import site_of

if TYPE_CHECKING:
    from jinja2 import Environment

PAGES = {
    "/": "overview",
    "/samples": "samples",
    "/pairs": "pairs",
    "/runs/{r}": "run",
    "/try": "try",
    "/api": "api",
}


@cache
def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("signdata.serving", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
    )


def routes() -> list[BaseRoute]:
    """A route for each page."""
    return [Route(path, _page, methods=["GET"], name=name) for path, name in PAGES.items()]


async def _page(request: Request) -> Response:
    site = site_of(request)
    name = next(name for path, name in PAGES.items() if request.scope["route"].path == path)
    context: dict[str, Any] = {
        "page": name,
        "r": "",
        "root": "../" * (request.scope["route"].path.count("/") - 1),
        "site": {
            "title": site.options.name,
            "anonymous": site.options.anonymous,
            "has_dataset": len(site.catalog) > 0,
            "has_marks": site.marks.path is not None,
            "has_model": site.predictor is not None,
            "runs": [{"r": r, "name": run.name} for r, run in enumerate(site.runs)],
        },
    }
    if name == "run":
        context["r"] = site.run(request.path_params["r"])
    return HTMLResponse(_templates().get_template(f"{name}.html").render(context))
