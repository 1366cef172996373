"""The answers of the HTTP API, one function for each entry of the table of routes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from signdata.formats.corrections import COLUMNS
from signdata.serving import openapi as description
from signdata.serving import questions, replies, run_pages
from signdata.serving.marks import correction
from signdata.serving.pictures import Sheet
from signdata.serving.prediction import SECONDS
from signdata.serving.problems import ApiError
from signdata.serving.queries import MOST, Filter, Page
from signdata.serving.requests import body, decoded, json, parameters, picture, table
from signdata.serving.routes import JSON, MAX_JSON, MAX_MEDIA, MEDIA
from signdata.serving.site import Site, mark_body

T = TypeVar("T")


def site_of(request: Request) -> Site:
    """What the app shows."""
    site: Site = request.app.state.site
    return site


async def apart(function: Callable[..., T], *arguments: Any) -> T:
    """Call a function that takes its time in another thread."""
    return await to_thread.run_sync(function, *arguments)


# -- The dataset and its samples


async def dataset(request: Request) -> Response:
    parameters(request, questions.Nothing)
    return json(await apart(site_of(request).dataset))


async def samples(request: Request) -> Response:
    asked, site = parameters(request, Page), site_of(request)
    chosen = site.index.chosen(asked)
    part = chosen[asked.from_ : asked.from_ + asked.n].tolist()
    return json(
        replies.Samples(
            total=len(chosen),
            from_=asked.from_,
            version=site.version,
            samples=[site.row(n, asked.run) for n in part],
        )
    )


async def samples_csv(request: Request) -> Response:
    asked, site = parameters(request, Page), site_of(request)
    chosen = site.index.chosen(asked).tolist()
    return table(_sample_rows(site, chosen, asked.run), "samples.csv")


SAMPLE_COLUMNS = (
    *("n", "id", "label", "split", "group", "signer", "findings", "mark", "said"),
    *("p", "p_true", "missing"),
)


def _sample_rows(site: Site, numbers: Sequence[int], run: int) -> Iterator[Sequence[str]]:
    yield SAMPLE_COLUMNS
    for n in numbers:
        row = site.row(n, run)
        yield (
            *(str(n), row.id, row.label, row.split, row.group, row.signer),
            *(" ".join(row.findings), row.mark.action if row.mark else "", row.said or ""),
            *(_cell(row.p), _cell(row.p_true), row.missing),
        )


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}"


async def facets(request: Request) -> Response:
    asked, site = parameters(request, Filter), site_of(request)
    return json(replies.Facets(total=_total(site, asked), facets=site.index.facets(asked)))


def _total(site: Site, asked: Filter) -> int:
    return len(site.index.chosen(Page(**{f: getattr(asked, f) for f in asked.__struct_fields__})))


async def facets_csv(request: Request) -> Response:
    asked, site = parameters(request, Filter), site_of(request)
    rows = [
        (name, value, str(n))
        for name, counts in site.index.facets(asked).items()
        for value, n in counts.items()
    ]
    return table([("field", "value", "samples"), *rows], "facets.csv")


async def sheet(request: Request) -> Response:
    asked, site = parameters(request, questions.SheetQuery), site_of(request)
    if asked.numbers:
        numbers = [site.number(one) for one in asked.numbers.split(",")]
        if len(numbers) > MOST:
            raise ApiError(422, f"{len(numbers)} numbers; expected at most {MOST}", where="numbers")
    else:
        page = Page(**{name: getattr(asked, name) for name in Page.__struct_fields__})
        numbers = site.index.chosen(page)[asked.from_ : asked.from_ + asked.n].tolist()
    if not numbers:
        raise ApiError(404, "no sample under this filter", where="from")
    return _sheet(await apart(site.pictures.sheet, numbers, asked.side), asked.v)


def _sheet(made: Sheet, version: str) -> Response:
    height, width = made.size_hw
    headers = {
        "X-Tile-Width": str(width),
        "X-Tile-Height": str(height),
        "X-Tiles": str(made.n),
    }
    return picture(made.data, made.media_type, version, headers)


async def sample(request: Request) -> Response:
    parameters(request, questions.Nothing)
    site = site_of(request)
    return json(await apart(site.page, site.number(request.path_params["n"])))


async def frame(request: Request) -> Response:
    asked, site = parameters(request, questions.PictureQuery), site_of(request)
    n, k = site.number(request.path_params["n"]), request.path_params["k"]
    if not (k.isascii() and k.isdecimal() and len(k) < 10):
        raise ApiError(404, f"no frame {k!r}", where="k")
    media_type, data = await apart(site.pictures.frame, n, int(k), asked.size)
    return picture(data, media_type, asked.v, {})


async def film(request: Request) -> Response:
    asked, site = parameters(request, questions.FilmQuery), site_of(request)
    n = site.number(request.path_params["n"])
    return _sheet(await apart(site.pictures.film, n, asked.from_, asked.n, asked.size), asked.v)


async def strip(request: Request) -> Response:
    asked, site = parameters(request, questions.StripQuery), site_of(request)
    n = site.number(request.path_params["n"])
    return _sheet(await apart(site.pictures.strip, n, asked.size), asked.v)


async def file(request: Request) -> Response:
    asked, site = parameters(request, questions.FileQuery), site_of(request)
    n = site.number(request.path_params["n"])
    media_type, found = await apart(site.pictures.original, n)
    if isinstance(found, bytes):
        return picture(found, media_type, asked.v, {})
    return FileResponse(found, media_type=media_type)


# -- Pairs


async def pairs(request: Request) -> Response:
    return json(site_of(request).pairs(parameters(request, questions.PairsQuery)))


async def pairs_csv(request: Request) -> Response:
    asked, site = parameters(request, questions.PairsQuery), site_of(request)
    return table(_pair_rows(site, asked), f"{asked.kind}-pairs.csv")


def _pair_rows(site: Site, asked: questions.PairsQuery) -> Iterator[Sequence[str]]:
    yield "kind", "left", "right", "left_split", "right_split", "correlation", "reason"
    start = 0
    while True:
        page = questions.PairsQuery(kind=asked.kind, marked=asked.marked, from_=start, n=200)
        some = site.pairs(page).pairs
        for one in some:
            yield (
                *(asked.kind, one.left.id, one.right.id, one.left.split, one.right.split),
                *(f"{one.correlation:.4f}", one.reason),
            )
        if len(some) < 200:
            return
        start += 200


async def groups(request: Request) -> Response:
    return json(site_of(request).groups(parameters(request, questions.GroupsQuery)))


# -- Runs


async def runs(request: Request) -> Response:
    parameters(request, questions.Nothing)
    site = site_of(request)
    summaries = [run_pages.run_summary(r, one) for r, one in enumerate(site.runs)]
    return json(replies.RunList(runs=summaries))


async def run(request: Request) -> Response:
    parameters(request, questions.Nothing)
    site = site_of(request)
    r = site.run(request.path_params["r"])
    return json(run_pages.run_page(r, site.runs[r]))


async def confusion(request: Request) -> Response:
    asked, site = parameters(request, questions.ConfusionQuery), site_of(request)
    asked_run = site.runs[site.run(request.path_params["r"])]
    return json(await apart(run_pages.confusion, asked_run, asked.split))


# -- Marks


async def marks(request: Request) -> Response:
    parameters(request, questions.Nothing)
    return json(site_of(request).all_marks())


async def marks_csv(request: Request) -> Response:
    parameters(request, questions.Nothing)
    rows = [[getattr(one, name) for name in COLUMNS] for one in site_of(request).marks]
    return table([COLUMNS, *rows], "corrections.csv")


async def mark(request: Request) -> Response:
    parameters(request, questions.Nothing)
    sent = decoded(await body(request, MAX_JSON, (JSON,)), questions.MarkBody)
    site = site_of(request)
    row = correction(sent.id, sent.was, sent.action, sent.label, sent.group, sent.note)
    await apart(site.marks.put, row)
    return json(replies.Marked(n=len(site.marks), version=site.version, mark=mark_body(row)))


async def unmark(request: Request) -> Response:
    parameters(request, questions.Nothing)
    site = site_of(request)
    await apart(site.marks.remove, request.path_params["id"])
    return json(replies.Marked(n=len(site.marks), version=site.version, mark=None))


# -- The network


async def predict(request: Request) -> Response:
    asked, site = parameters(request, questions.PredictQuery), site_of(request)
    predictor = site.predictor
    if predictor is None:
        raise ApiError(
            404, "no network", where="model", remedy="Start signdata serve with --model RUN."
        )
    predictor.enter()
    try:
        async with asyncio.timeout(SECONDS):
            data = await body(request, MAX_MEDIA, MEDIA)
        if not data:
            raise ApiError(422, "an empty body; expected a picture or a video", where="body")
        return json(await apart(predictor.read, data, asked))
    except TimeoutError as err:
        raise ApiError(408, f"the body took more than {SECONDS:g} s", where="body") from err
    finally:
        predictor.leave()


# -- About the server


async def openapi(request: Request) -> Response:
    parameters(request, questions.Nothing)
    return json(description.document())


async def health(request: Request) -> Response:
    return json(replies.Health(True))
