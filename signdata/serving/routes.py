"""The table of everything that the app answers: routing and openapi.json are made from it."""

from __future__ import annotations

from dataclasses import dataclass

from signdata.serving import questions, replies
from signdata.serving.queries import Filter, Page

JSON, CSV, WEBP = "application/json", "text/csv", "image/webp"

MAX_JSON, MAX_MEDIA = 64 << 10, 64 << 20
"""Bytes that a body may have: a JSON object; a picture or video."""

MEDIA = ("image/", "video/", "application/octet-stream")
"""How the types of bodies that are pictures or videos begin."""


@dataclass(frozen=True)
class Route:
    """One way to ask.

    Attributes
    ----------
    method, path : str
    handler : str
        Function of `signdata.serving.handlers`.
    summary : str
        One line for the documentation.
    query : type
        Its parameters.
    answer : type or None
        The JSON object that is answered; None where it is something else.
    answer_type : str
        The media type of the answer.
    body : type or 'media' or None
        What has to be sent.
    errors : tuple of int
        Statuses that it may answer beside those that everything may.
    """

    method: str
    path: str
    handler: str
    summary: str
    query: type = questions.Nothing
    answer: type | None = None
    answer_type: str = JSON
    body: type | str | None = None
    errors: tuple[int, ...] = ()


ROUTES = (
    Route("GET", "/api/dataset", "dataset", "The dataset as a whole.", answer=replies.Dataset),
    Route(
        *("GET", "/api/samples", "samples", "Samples under a filter, sorted, a page at a time."),
        query=Page,
        answer=replies.Samples,
        errors=(409,),
    ),
    Route(
        *("GET", "/api/samples.csv", "samples_csv", "All samples under the filter."),
        query=Page,
        answer_type=CSV,
        errors=(409,),
    ),
    Route(
        *("GET", "/api/facets", "facets", "How many samples have each value under the filter."),
        query=Filter,
        answer=replies.Facets,
    ),
    Route(
        *("GET", "/api/facets.csv", "facets_csv", "The same as a table."),
        query=Filter,
        answer_type=CSV,
    ),
    Route(
        *("GET", "/api/sheet", "sheet", "Thumbnails of a page of samples in one picture."),
        query=questions.SheetQuery,
        answer_type=WEBP,
        errors=(409,),
    ),
    Route(
        *("GET", "/api/samples/{n}", "sample", "Everything that is known of one sample."),
        answer=replies.SamplePage,
        errors=(404,),
    ),
    Route(
        *("GET", "/api/samples/{n}/frame/{k}", "frame", "One frame, from 0; PNG or JPEG."),
        query=questions.PictureQuery,
        answer_type="image/png",
        errors=(404,),
    ),
    Route(
        *("GET", "/api/samples/{n}/frames", "film", "Consecutive frames of a clip, 8 across."),
        query=questions.FilmQuery,
        answer_type=WEBP,
        errors=(404,),
    ),
    Route(
        *("GET", "/api/samples/{n}/strip", "strip", "16 frames of a clip in one row."),
        query=questions.StripQuery,
        answer_type=WEBP,
        errors=(404,),
    ),
    Route(
        *("GET", "/api/samples/{n}/file", "file", "The original file; takes Range."),
        query=questions.FileQuery,
        answer_type="application/octet-stream",
        errors=(404, 416),
    ),
    Route(
        *("GET", "/api/pairs", "pairs", "Leaks, near-duplicates, duplicates or conflicts."),
        query=questions.PairsQuery,
        answer=replies.PairList,
    ),
    Route(
        *("GET", "/api/pairs.csv", "pairs_csv", "All pairs of one kind."),
        query=questions.PairsQuery,
        answer_type=CSV,
    ),
    Route(
        *("GET", "/api/groups", "groups", "Clusters of near-duplicates, the largest first."),
        query=questions.GroupsQuery,
        answer=replies.Clusters,
    ),
    Route("GET", "/api/runs", "runs", "All runs.", answer=replies.RunList),
    Route(
        *("GET", "/api/runs/{r}", "run", "The numbers of a run."),
        answer=replies.RunPage,
        errors=(404,),
    ),
    Route(
        *("GET", "/api/runs/{r}/confusion", "confusion", "What was taken for what."),
        query=questions.ConfusionQuery,
        answer=replies.Confusion,
        errors=(404,),
    ),
    Route("GET", "/api/marks", "marks", "All marks.", answer=replies.Marks),
    Route(
        *("GET", "/api/marks.csv", "marks_csv", "All marks, as a file of corrections."),
        answer_type=CSV,
    ),
    Route(
        *("POST", "/api/marks", "mark", "Mark a sample; saved before it is answered."),
        body=questions.MarkBody,
        answer=replies.Marked,
        errors=(404, 409, 413, 415, 507),
    ),
    Route(
        *("DELETE", "/api/marks/{id:path}", "unmark", "Take a mark back."),
        answer=replies.Marked,
        errors=(404, 409, 507),
    ),
    Route(
        *("POST", "/api/predict", "predict", "What the network reads in a picture or video."),
        query=questions.PredictQuery,
        body="media",
        answer=replies.Prediction,
        errors=(404, 408, 413, 415, 429),
    ),
    Route("GET", "/openapi.json", "openapi", "This description."),
    Route("GET", "/healthz", "health", "Whether the server is there.", answer=replies.Health),
)
