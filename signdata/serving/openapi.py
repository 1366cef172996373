"""The description of the HTTP API, made from the table of routes."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import msgspec

from signdata.serving import replies
from signdata.serving.routes import JSON, ROUTES, Route
from signdata.version import __version__

_REFERENCE = "#/components/schemas/{name}"

_PARAMETER = re.compile(r"\{(\w+)(?::path)?\}")

_STATUSES = {
    400: "More or less than one Host header.",
    401: "No token, or a wrong one.",
    403: "Asked by another page.",
    404: "There is no such thing.",
    408: "The body did not come in time.",
    409: "It has changed, or is not known yet.",
    413: "The body is too large.",
    415: "The body is of a type that is not taken.",
    416: "No such part of the file.",
    421: "Called by a name that is not allowed.",
    422: "The question cannot be understood, or the sample cannot be read.",
    429: "Too much at a time.",
    507: "It cannot be saved.",
}
_ALWAYS = (400, 401, 403, 421, 422)


@cache
def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document."""
    types = {route.answer for route in ROUTES if route.answer is not None}
    types |= {route.body for route in ROUTES if isinstance(route.body, type)}
    types |= {route.query for route in ROUTES} | {replies.Error}
    ordered = sorted(types, key=lambda one: one.__name__)
    _, schemas = msgspec.json.schema_components(ordered, ref_template=_REFERENCE)
    paths: dict[str, Any] = {}
    for route in ROUTES:
        path = _PARAMETER.sub(r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "signdata serve", "version": __version__},
        "servers": [{"url": "./"}],
        "security": [{"cookie": []}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "signdata-PORT"},
            },
        },
    }


def _operation(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.handler,
        "summary": route.summary,
        "parameters": [*_in_path(route), *_in_query(route, schemas)],
        "responses": _responses(route),
    }
    if isinstance(route.body, type):
        operation["requestBody"] = _content(JSON, _ref(route.body), required=True)
    elif route.body is not None:
        kinds = ("image/*", "video/*", "application/octet-stream")
        operation["requestBody"] = {"required": True, "content": {kind: {} for kind in kinds}}
    if route.path == "/healthz":
        operation["security"] = []
    return operation


def _in_path(route: Route) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string"} if name == "id" else {"type": "integer", "minimum": 0},
        }
        for name in _PARAMETER.findall(route.path)
    ]


def _in_query(route: Route, schemas: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for name, schema in schemas[route.query.__name__].get("properties", {}).items():
        one: dict[str, Any] = {"name": name, "in": "query", "schema": schema}
        if schema.get("type") == "array":
            one |= {"style": "form", "explode": True}
        found.append(one)
    return found


def _responses(route: Route) -> dict[str, Any]:
    if route.answer is not None:
        found = {"200": _content(JSON, _ref(route.answer), description="OK")}
    else:
        found = {"200": {"description": "OK", "content": {route.answer_type: {}}}}
    always = () if route.path == "/healthz" else _ALWAYS
    for status in sorted({*always, *route.errors}):
        found[str(status)] = _content(JSON, _ref(replies.Error), description=_STATUSES[status])
    return found


def _ref(one: type) -> dict[str, str]:
    return {"$ref": _REFERENCE.format(name=one.__name__)}


def _content(media_type: str, schema: dict[str, str], **more: Any) -> dict[str, Any]:
    return {**more, "content": {media_type: {"schema": schema}}}
