"""What single commands return: a `Result` whose details are attributes with types.

Each attribute is the key of the same name of the JSON object, and `details` has it too.
"""

from __future__ import annotations

from typing import Any, TypedDict

from signdata import notebooks
from signdata.results import Detail, Result


class LeakEntry(TypedDict):
    """What two splits or datasets have in common; None where nobody looked for it."""

    between: list[str]
    exact: int | None
    near: int | None
    linked: int | None
    share: float | None
    groups: int
    signers: int


class ProbeEntry(TypedDict):
    """Accuracy of the nearest neighbour on a random tenth, and on what was kept apart."""

    unseen: str
    random: float
    apart: float
    gap: float
    samples: int


class FindingEntry(TypedDict):
    """One finding of an audit, as a row of ``--findings``."""

    kind: str
    path: str
    where: str
    message: str
    partner: str
    correlation: str


class AnswerEntry(TypedDict):
    """A class that a network took a picture for."""

    label: str
    probability: float


class PredictionEntry(TypedDict, total=False):
    """What a network said of one input; `frames` is there for videos."""

    path: str
    top: list[AnswerEntry]
    frames: list[AnswerEntry]


class InfoResult(Result):
    """What `info` returns.

    Attributes
    ----------
    format, kind : str
        Of the dataset; its samples are of kind ``still`` or ``clip``.
    samples : int
    classes : list of str
    splits : dict of str to int
        Samples of each split, '' for none.
    counts : dict
        ``counts[label][split]``.
    size : list of int or None
        Width and height, if all pictures have the same.
    channels, frames : int or None
        If all have the same; pictures together, if known.
    groups : int
    """

    format = Detail[str]()
    kind = Detail[str]()
    samples = Detail[int]()
    classes = Detail[list[str]]()
    splits = Detail[dict[str, int]]()
    counts = Detail[dict[str, dict[str, int]]]()
    size = Detail[list[int] | None]()
    channels = Detail[int | None]()
    frames = Detail[int | None]()
    groups = Detail[int]()

    def _counts_html(self) -> str:
        splits = list(self.splits)
        rows = [[name, *(self.counts[name][split] for split in splits)] for name in self.classes]
        columns = ["class", *(split or "samples" for split in splits)]
        first = notebooks.lines(self.summary.partition("\n")[0])
        return first + notebooks.table(columns, [["all", *self.splits.values()], *rows])


class VerifyResult(Result):
    """What `verify` returns.

    Attributes
    ----------
    same : bool
    differences : int
    paired_by : {'id', 'content'} or None
        How the samples of two datasets were paired.
    checked, without_digest : int or None
        Samples of one dataset that were held against its manifest, and that it has no checksum of.
    """

    same = Detail[bool]()
    differences = Detail[int]()
    paired_by = Detail[str | None](None)
    checked = Detail[int | None](None)
    without_digest = Detail[int | None](None)


class AuditResult(Result):
    """What `audit` returns.

    Attributes
    ----------
    samples, classes : int
    exact_duplicates, near_duplicate_groups, in_groups, related_pairs : int
    biggest_group : list of str
        Ids of the first 1,000 samples of the largest group of near-duplicates.
    parts, signers : dict of str to int
        Samples and known signers of each split or dataset.
    leaks : list of LeakEntry
    probe : ProbeEntry or None
    found : dict of str to int
        Findings of each kind.
    serious : int
        How many of them count.
    findings : list of FindingEntry
        The first 1,000 of each kind.
    left_out : dict of str to int
        What `fix` or corrections left out, by kind.
    """

    samples = Detail[int]()
    classes = Detail[int]()
    exact_duplicates = Detail[int]()
    near_duplicate_groups = Detail[int]()
    in_groups = Detail[int]()
    biggest_group = Detail[list[str]]()
    related_pairs = Detail[int]()
    parts = Detail[dict[str, int]]()
    signers = Detail[dict[str, int]]()
    leaks = Detail[list[LeakEntry]]()
    probe = Detail[ProbeEntry | None]()
    found = Detail[dict[str, int]]()
    serious = Detail[int]()
    findings = Detail[list[FindingEntry]]()
    left_out = Detail[dict[str, int]]({})


class SplitResult(Result):
    """What `split` returns.

    Attributes
    ----------
    splits : dict
        ``splits[split][label]``: samples.
    folds : dict
        The same of folds, where these were asked for.
    leaks : list of LeakEntry
    missing_classes : dict of str to list of str
        Classes that a split lacks.
    warnings : list of str
    leak_certificate : dict
        All that is known of what is kept apart.
    """

    splits = Detail[dict[str, dict[str, int]]]()
    folds = Detail[dict[str, dict[str, int]]]({})
    leaks = Detail[list[LeakEntry]]()
    missing_classes = Detail[dict[str, list[str]]]()
    warnings = Detail[list[str]]()
    leak_certificate = Detail[dict[str, Any]]()


class BaselineResult(Result):
    """What `baseline` returns.

    Attributes
    ----------
    model, run : str
        Name of the network, and the run's folder.
    test_accuracy : float or None
        0..1; None without a test.
    macro_f1 : float or None
    worst_classes, confused_pairs : list
    test_accuracy_mean, test_accuracy_std : float or None
        Of several seeds or folds.
    comparison : dict or None
        Of `compare_splits`.
    models : list of dict
        Of `list_models`.
    """

    model = Detail[str]()
    run = Detail[str]()
    test_accuracy = Detail[float | None](None)
    macro_f1 = Detail[float | None](None)
    worst_classes = Detail[list[Any]]([])
    confused_pairs = Detail[list[Any]]([])
    test_accuracy_mean = Detail[float | None](None)
    test_accuracy_std = Detail[float | None](None)
    comparison = Detail[dict[str, Any] | None](None)
    models = Detail[list[dict[str, Any]]]([])


class EvaluateResult(Result):
    """What `evaluate` returns.

    Attributes
    ----------
    model, measured_on : str
    correct, total : int
    accuracy, top5_accuracy, macro_f1 : float
        0..1.
    accuracy_95 : list of float
        The interval that the accuracy lies in.
    only_in_dataset : dict of str to int
        Classes that the network does not know, and their samples.
    only_in_network : list of str
    """

    model = Detail[str]()
    measured_on = Detail[str]()
    correct = Detail[int]()
    total = Detail[int]()
    accuracy = Detail[float]()
    top5_accuracy = Detail[float]()
    macro_f1 = Detail[float]()
    accuracy_95 = Detail[list[float]]()
    only_in_dataset = Detail[dict[str, int]]()
    only_in_network = Detail[list[str]]()


class PredictResult(Result):
    """What `predict` returns.

    Attributes
    ----------
    model : str
    predictions : list of PredictionEntry
    """

    model = Detail[str]()
    predictions = Detail[list[PredictionEntry]]()
