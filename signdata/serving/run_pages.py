"""What is answered about runs of `baseline` and folders of `evaluate`."""

from __future__ import annotations

from signdata.serving.problems import ApiError
from signdata.serving.replies import Confusion, RunPage, RunSummary
from signdata.serving.runs import Run


def run_summary(r: int, run: Run) -> RunSummary:
    """A run in the list of runs, `r` its number."""
    numbers = run.metrics
    return RunSummary(
        r=r,
        name=run.name,
        model=str(numbers.get("model", "")),
        test_accuracy=_share(numbers.get("test_accuracy", numbers.get("accuracy"))),
        val_accuracy=_share(numbers.get("val_accuracy")),
        predictions=len(run.predictions),
        splits=run.splits,
    )


def run_page(r: int, run: Run) -> RunPage:
    """All numbers of a run."""
    return RunPage(
        run=run_summary(r, run),
        numbers=run.metrics,
        history=run.history,
        classes=run.worst("test" if "test" in run.splits else None),
        honest=_share(run.comparison.get("group_split_accuracy")),
        naive=_share(run.comparison.get("random_split_accuracy")),
    )


def confusion(run: Run, split: str | None) -> Confusion:
    """The confusion matrix of a run; `ApiError` 422 if it said nothing of that split."""
    splits = run.splits
    if split is None:
        split = "test" if "test" in splits else (splits[0] if splits else "")
    elif split not in splits:
        named = ", ".join(one or "''" for one in splits) or "none"
        raise ApiError(422, f"no predictions of split {split!r}; found {named}", where="split")
    return Confusion(split=split, splits=splits, **run.confusion(split))


def _share(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and value == value else None
