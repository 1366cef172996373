"""The description is made from the table that routes, and says what is answered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from signdata.serving import handlers
from signdata.serving.routes import ROUTES
from tests.serving.apps import App, opened


@pytest.fixture
def app(make_tree: Callable[..., Path]) -> Iterator[App]:
    with opened(make_tree(), audited=True) as one:
        yield one


def test_every_route_is_described(app: App) -> None:
    document = app.get("/openapi.json")
    assert document["openapi"] == "3.1.0"
    described = {
        (method.upper(), path) for path, some in document["paths"].items() for method in some
    }
    assert described == {(one.method, one.path.replace(":path", "")) for one in ROUTES}
    ids = [one["operationId"] for some in document["paths"].values() for one in some.values()]
    assert len(set(ids)) == len(ids)


def test_every_reference_leads_somewhere(app: App) -> None:
    text = app.client.get("/openapi.json").text
    schemas = app.get("/openapi.json")["components"]["schemas"]
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', text))
    assert names <= set(schemas)
    assert "SampleRow" in names


def test_every_parameter_is_one_that_is_taken(app: App) -> None:
    for path, some in app.get("/openapi.json")["paths"].items():
        for operation in some.values():
            inside = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
            assert inside == set(re.findall(r"\{(\w+)\}", path))
    page = {
        one["name"]: one
        for one in app.get("/openapi.json")["paths"]["/api/samples"]["get"]["parameters"]
    }
    assert page["label"]["schema"]["type"] == "array"
    assert page["n"]["schema"]["maximum"] == 200
    assert {"from", "sort", "missing", "other_answer"} <= set(page)


@pytest.mark.parametrize("route", [one for one in ROUTES if one.answer and one.method == "GET"])
def test_what_is_answered_has_the_shape_that_is_described(app: App, route: object) -> None:
    one = next(each for each in ROUTES if each is route)
    path = one.path.replace("{n}", "0")
    if "{r}" in path:
        assert app.client.get(path.replace("{r}", "0")).status_code == 404
        return
    assert one.answer is not None
    answer = app.client.get(path)
    msgspec.json.decode(answer.content, type=one.answer, strict=True)
    assert set(answer.json()) == {field.encode_name for field in msgspec.structs.fields(one.answer)}


def test_every_handler_is_in_the_table() -> None:
    named = {one.handler for one in ROUTES}
    public = {
        name
        for name, value in vars(handlers).items()
        if callable(value)
        and getattr(value, "__module__", "") == handlers.__name__
        and not name.startswith("_")
    }
    assert named == public - {"site_of", "apart"}
