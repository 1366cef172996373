"""What a request says, checked: parameters, bodies; and answers of every kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar, get_origin, get_type_hints

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from signdata.serving.problems import ApiError
from signdata.serving.routes import CSV, JSON
from signdata.sidecars import csv_text

T = TypeVar("T")

KEEP = "private, max-age=3600"
"""How long pictures may be kept that were asked for with a version."""


def parameters(request: Request, kind: type[T]) -> T:
    """The parameters of a request as a struct.

    Raises
    ------
    ApiError
        422 if one is unknown or wrong.
    """
    given: dict[str, Any] = {}
    several = _lists(kind)
    for name, value in request.query_params.multi_items():
        if name in several:
            given.setdefault(name, []).append(value)
        elif name in given:
            raise ApiError(422, f"{name} is given twice; expected once", where=name)
        else:
            given[name] = value
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as err:
        raise ApiError(422, str(err), where="query") from err


def _lists(kind: type) -> set[str]:
    return {name for name, one in get_type_hints(kind).items() if get_origin(one) is tuple}


async def body(request: Request, limit: int, accepted: Sequence[str]) -> bytes:
    """The body of a request.

    Raises
    ------
    ApiError
        415 for another type than those that are accepted, 413 if it is too large.
    """
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not any(given.startswith(one) if one.endswith("/") else given == one for one in accepted):
        named = " or ".join(f"{one}*" if one.endswith("/") else one for one in accepted)
        raise ApiError(
            415,
            f"a body of type {given or 'none'}; expected {named}",
            where="Content-Type",
            remedy=f"With curl: -H 'Content-Type: {_example(accepted)}'.",
        )
    length = request.headers.get("content-length", "")
    too_large = ApiError(413, f"a body of more than {limit:,} bytes", where="body")
    if length.isdecimal() and int(length) > limit:
        raise too_large
    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > limit:
                raise too_large
            parts.append(part)
    except ClientDisconnect as err:
        raise ApiError(400, "the body ended early", where="body") from err
    return b"".join(parts)


def _example(accepted: Sequence[str]) -> str:
    return "video/mp4" if "video/" in accepted else accepted[0]


def decoded(data: bytes, kind: type[T]) -> T:
    """A JSON body as a struct; `ApiError` 422 if it is none."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        raise ApiError(422, str(err), where="body") from err


def json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(_encoded(value), status, headers, JSON)


def _encoded(value: Any) -> bytes:
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:  # bytes of file names that are no text
        return msgspec.json.encode(_text(msgspec.to_builtins(value)))


def _text(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_text(key): _text(one) for key, one in value.items()}
    return [_text(one) for one in value] if isinstance(value, list) else value


def picture(data: bytes, media_type: str, version: str, headers: dict[str, str]) -> Response:
    """A picture; it may be kept if it was asked for with a version."""
    if version:
        headers = {**headers, "Cache-Control": KEEP}
    return Response(data, 200, headers, media_type)


def table(rows: Iterable[Sequence[str]], name: str) -> StreamingResponse:
    """A CSV, made as it is sent."""
    return StreamingResponse(
        _lines(rows),
        media_type=CSV,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _lines(rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    part: list[Sequence[str]] = []
    for row in rows:
        part.append(row)
        if len(part) == 500:
            yield csv_text(part).encode("utf-8", "backslashreplace")
            part = []
    if part:
        yield csv_text(part).encode("utf-8", "backslashreplace")
