"""What is answered, as types: shown in openapi.json."""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A mark as it is kept."""

    id: str
    was: str
    action: str
    label: str
    group: str
    note: str


class SampleRow(msgspec.Struct, frozen=True, kw_only=True):
    """A sample in a list.

    Attributes
    ----------
    n : int
        Its number in the dataset, which does not depend on any filter.
    said : str or None
        What the asked run took it for.
    p, p_true : float or None
        Probability of that, and of its own label.
    missing : str
        Why it cannot be read; '' where it can.
    """

    n: int
    id: str
    label: str
    split: str
    group: str
    signer: str
    kind: str
    findings: list[str]
    mark: Mark | None
    said: str | None
    p: float | None
    p_true: float | None
    missing: str


class Samples(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a list of samples; `total` is the length of all of it."""

    total: int
    from_: int = msgspec.field(name="from")
    version: str
    samples: list[SampleRow]


class Twin(msgspec.Struct, frozen=True, kw_only=True):
    """A sample that is like another one."""

    kind: str
    correlation: float
    sample: SampleRow


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A finding about one sample, in words."""

    kind: str
    counts: bool
    message: str


class RunAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What one run said of one sample."""

    r: int
    name: str
    said: str | None
    right: str
    p_true: float | None
    top: list[dict[str, Any]]


class SamplePage(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is known of one sample.

    Attributes
    ----------
    columns : dict of str to str
        Its manifest columns.
    size : list of int or None
        Width and height.
    times : list of float
        Seconds at which each frame of a clip is shown, where they are known.
    cluster : int or None
        The cluster of near-duplicates that it is in.
    has_file : bool
        Whether it may have an original file that can be asked for.
    error : str
        Why it cannot be read; '' where it can.
    """

    sample: SampleRow
    source: str
    columns: dict[str, str]
    size: list[int] | None
    channels: int | None
    frames: int | None
    fps: float | None
    times: list[float]
    notes: list[str]
    measures: dict[str, float]
    findings: list[Message]
    twins: list[Twin]
    cluster: int | None
    answers: list[RunAnswer]
    has_file: bool
    error: str


class AuditState(msgspec.Struct, frozen=True, kw_only=True):
    """How far the audit is, in samples; each counts when it is read and when it is compared."""

    state: Literal["off", "running", "done", "failed"]
    done: int
    total: int
    error: str


class FindingKind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of finding, with some samples to show; `counts` says whether it is a fault."""

    kind: str
    meaning: str
    n: int
    counts: bool
    examples: list[int]
    messages: list[str]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the dataset is worth: how far an accuracy measured on it can be trusted."""

    level: str
    sentence: str
    reasons: list[str]


class RunName(msgspec.Struct, frozen=True, kw_only=True):
    """A run's number and name."""

    r: int
    name: str


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """The network of `/api/predict`; `size` is the width and height of its input."""

    name: str
    classes: list[str]
    frames: int
    size: list[int]
    channels: int


class MarksFile(msgspec.Struct, frozen=True, kw_only=True):
    """How many marks there are, and the name of the file that keeps them; '' without one."""

    file: str
    n: int


class Dataset(msgspec.Struct, frozen=True, kw_only=True):
    """The dataset as a whole.

    Attributes
    ----------
    counts : dict
        Samples by class, by split; '' for samples without a split. What is missing is left out.
    tile : list of int
        Width and height of a thumbnail of the usual side.
    certificate : list of str
        What is known of leaks between its splits, in words.
    """

    name: str
    format: str
    kind: str
    samples: int
    unreadable: int
    classes: list[str]
    splits: dict[str, int]
    counts: dict[str, dict[str, int]]
    coverage: dict[str, dict[str, dict[str, int]]]
    signers: int
    groups: int
    tile: list[int]
    version: str
    verdict: Verdict
    certificate: list[str]
    audit: AuditState
    findings: list[FindingKind]
    pairs: dict[str, int]
    clusters: int
    runs: list[RunName]
    model: Model | None
    marks: MarksFile
    anonymous: bool


class Facets(msgspec.Struct, frozen=True, kw_only=True):
    """How many samples have each value, by field; see `/api/samples` for the fields."""

    total: int
    facets: dict[str, dict[str, int]]


class PairRow(msgspec.Struct, frozen=True, kw_only=True):
    """Two samples; of a leak the left one is that of the later split."""

    left: SampleRow
    right: SampleRow
    correlation: float
    reason: str


class PairList(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the pairs of one kind; `found` counts those beyond the limit of a list too."""

    kind: str
    total: int
    found: int
    from_: int = msgspec.field(name="from")
    pairs: list[PairRow]


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """Samples that are near-duplicates of each other."""

    cluster: int
    size: int
    splits: list[str]
    labels: list[str]
    samples: list[SampleRow]


class Clusters(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the clusters."""

    total: int
    from_: int = msgspec.field(name="from")
    groups: list[Cluster]


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A run in the list of runs."""

    r: int
    name: str
    model: str
    test_accuracy: float | None
    val_accuracy: float | None
    predictions: int
    splits: list[str]


class RunList(msgspec.Struct, frozen=True, kw_only=True):
    """All runs."""

    runs: list[RunSummary]


class RunPage(msgspec.Struct, frozen=True, kw_only=True):
    """A run.

    Attributes
    ----------
    numbers : dict
        What its metrics.json says.
    history : list of dict
        The rows of its results.csv.
    classes : list of dict
        Classes by the share of their samples that was read right, the worst first.
    honest, naive : float or None
        Accuracy on a split by groups, and on one at random, where `--compare-splits` measured
        both.
    """

    run: RunSummary
    numbers: dict[str, Any]
    history: list[dict[str, Any]]
    classes: list[dict[str, Any]]
    honest: float | None
    naive: float | None


class Confusion(msgspec.Struct, frozen=True, kw_only=True):
    """A sparse matrix: each cell is true class, predicted class (indices), samples."""

    split: str
    splits: list[str]
    classes: list[str]
    cells: list[tuple[int, int, int]]
    samples: int
    right: int


class Marks(msgspec.Struct, frozen=True, kw_only=True):
    """All marks, and the name of the file that keeps them; '' where they are not kept."""

    file: str
    total: int
    version: str
    marks: list[Mark]


class Marked(msgspec.Struct, frozen=True, kw_only=True):
    """How many marks there are now, and the one that was made."""

    n: int
    version: str
    mark: Mark | None


class Guess(msgspec.Struct, frozen=True, kw_only=True):
    """A class and its probability."""

    label: str
    probability: float


class Prediction(msgspec.Struct, frozen=True, kw_only=True):
    """What the network reads.

    Attributes
    ----------
    top : list of Guess
        Of a video, the mean over its frames where the network reads pictures.
    frames : list of Guess
        The likeliest class of each frame of a video, of a network that reads pictures.
    saw : str
        What the network saw, as a ``data:`` link, if that was asked for.
    """

    model: str
    top: list[Guess]
    frames: list[Guess]
    notes: list[str]
    milliseconds: float
    saw: str = ""


class Health(msgspec.Struct, frozen=True):
    """The server is there."""

    ok: bool


class ErrorText(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong, where, and what can be done."""

    what: str
    where: str
    remedy: str


class Error(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a request that cannot be answered."""

    error: ErrorText
