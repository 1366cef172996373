"""Marks: made, replaced, taken back, saved at once and whole, honoured by other commands."""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from signdata.errors import DatasetError
from signdata.formats.corrections import Correction, read_corrections, write_corrections
from signdata.serving import marks
from tests.serving.apps import App, opened


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "fixes.csv"


@pytest.fixture
def app(make_tree: Callable[..., Path], file: Path) -> Iterator[App]:
    with opened(make_tree(), corrections=file) as one:
        yield one


def mark(app: App, id: str, was: str, action: str, **more: str) -> Any:
    return app.client.post("/api/marks", json={"id": id, "was": was, "action": action, **more})


def test_a_mark_is_in_the_file_when_it_is_answered(app: App, file: Path) -> None:
    assert not file.exists()
    answer = mark(app, "A/0", "A", "relabel", label="B", note='an ñ, "quoted"\nline')
    assert answer.status_code == 200
    assert answer.json()["n"] == 1
    row = Correction("A/0", "A", "relabel", "B", "", 'an ñ, "quoted"\nline')
    assert list(read_corrections(file).values()) == [row]
    [found] = app.get("/api/samples?mark=relabel")["samples"]
    assert (found["id"], found["mark"]["label"]) == ("A/0", "B")
    assert app.get("/api/dataset")["marks"] == {"file": "fixes.csv", "n": 1}


def test_a_second_mark_replaces_the_first_and_one_is_taken_back(app: App, file: Path) -> None:
    mark(app, "A/0", "A", "exclude")
    mark(app, "B/1", "B", "keep")
    mark(app, "A/0", "A", "group", group="Ana")
    assert [row.action for row in read_corrections(file).values()] == ["group", "keep"]
    answer = app.client.delete("/api/marks/A/0")
    assert (answer.status_code, answer.json()["n"]) == (200, 1)
    assert list(read_corrections(file)) == ["B/1"]
    assert app.client.delete("/api/marks/A/0").status_code == 404
    assert app.client.delete("/api/marks/nobody").status_code == 404


def test_marks_are_a_filter_and_a_facet(app: App) -> None:
    mark(app, "A/0", "A", "exclude")
    mark(app, "A/2", "A", "keep")
    assert app.ids("mark=exclude") == ["A/0"]
    assert app.ids("mark=exclude&mark=keep") == ["A/0", "A/2"]
    assert len(app.ids("mark=none")) == 4
    assert app.get("/api/facets")["facets"]["mark"] == {"none": 4, "exclude": 1, "keep": 1}


def test_the_version_changes_with_every_mark(app: App) -> None:
    before = app.get("/api/samples")["version"]
    made = mark(app, "A/0", "A", "exclude").json()["version"]
    assert made != before
    assert app.get("/api/dataset")["version"] == made


def test_a_stale_label_is_409_and_nothing_is_saved(app: App, file: Path) -> None:
    answer = mark(app, "A/0", "B", "exclude")
    assert answer.status_code == 409
    assert "'A'" in answer.json()["error"]["what"]
    assert not file.exists()
    assert app.get("/api/marks")["marks"] == []


def test_an_unknown_sample_is_404(app: App) -> None:
    assert mark(app, "A/9", "A", "exclude").status_code == 404


def test_the_label_that_it_has_is_no_new_label(app: App) -> None:
    assert mark(app, "A/0", "A", "relabel", label="A").status_code == 422


def test_marks_are_a_table_and_a_list(app: App) -> None:
    mark(app, "A/0", "A", "relabel", label="B")
    text = app.client.get("/api/marks.csv").text
    assert next(csv.DictReader(StringIO(text))) == {
        "id": "A/0",
        "was": "A",
        "action": "relabel",
        "label": "B",
        "group": "",
        "note": "",
    }
    found = app.get("/api/marks")
    assert (found["file"], found["total"]) == ("fixes.csv", 1)


def test_without_a_file_marks_are_kept_in_memory(make_tree: Callable[..., Path]) -> None:
    with opened(make_tree()) as app:
        assert mark(app, "A/0", "A", "exclude").status_code == 200
        assert app.get("/api/dataset")["marks"] == {"file": "", "n": 1}
        assert "A/0" in app.client.get("/api/marks.csv").text


def test_an_earlier_file_is_read_and_goes_on(make_tree: Callable[..., Path], file: Path) -> None:
    write_corrections(file, [Correction("B/1", "B", "exclude")])
    with opened(make_tree(), corrections=file) as app:
        assert app.ids("mark=exclude") == ["B/1"]
        mark(app, "A/0", "A", "keep")
    assert list(read_corrections(file)) == ["B/1", "A/0"]


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (Correction("C/1", "C", "exclude"), "no sample 'C/1'"),
        (Correction("B/1", "A", "exclude"), "B/1 was 'A' when it was marked; found 'B'"),
    ],
)
def test_a_file_of_another_dataset_is_refused(
    make_tree: Callable[..., Path], file: Path, row: Correction, what: str
) -> None:
    write_corrections(file, [row])
    with pytest.raises(DatasetError, match=re.escape(what)), opened(make_tree(), corrections=file):
        pass


def test_what_another_program_wrote_is_not_overwritten(app: App, file: Path) -> None:
    mark(app, "A/0", "A", "exclude")
    other = [Correction("B/1", "B", "keep"), Correction("B/3", "B", "keep")]
    write_corrections(file, other)
    answer = mark(app, "A/2", "A", "exclude")
    assert answer.status_code == 409
    assert list(read_corrections(file)) == ["B/1", "B/3"]
    assert app.ids("mark=exclude") == ["A/0"]


def test_what_cannot_be_saved_is_no_mark(
    app: App, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        from signdata.errors import OutputError

        raise OutputError("the disk is full", path=file)

    monkeypatch.setattr(marks, "write_corrections", full)
    answer = mark(app, "A/0", "A", "exclude")
    assert answer.status_code == 507
    assert answer.json()["error"]["where"] == "fixes.csv"  # and not where it is
    assert app.ids("mark=exclude") == []
    monkeypatch.undo()
    assert mark(app, "A/0", "A", "exclude").status_code == 200


# -- Real processes


class Served:
    """``signdata serve`` in a process of its own."""

    def __init__(self, *words: str | Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "signdata", "serve", *map(str, words), "--no-open"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.link = self.process.stdout.readline().strip()
        parts = urlsplit(self.link)
        self.client = httpx2.Client(
            base_url=f"http://{parts.netloc}",
            headers={"Authorization": f"Bearer {parts.query.removeprefix('token=')}"},
            timeout=60,
        )

    def end(self, number: int) -> tuple[int, str, str]:
        """Exit code, and what it printed after the link."""
        self.client.close()
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err


def test_killed_while_it_saves_nothing_is_lost(tmp_path: Path, make_csv: Any) -> None:
    rows = [(0, *[i % 256] * 16) for i in range(400)]
    source, file = make_csv(rows), tmp_path / "fixes.csv"
    served = Served(source, "--corrections", file, "--no-audit")
    answered: list[str] = []
    try:
        for i in range(400):
            id = f"{i + 1:06d}"
            body = {"id": id, "was": "A", "action": "keep", "note": "x" * 300}
            if i == 150:  # the last ones are sent while the signal is on its way
                os.kill(served.process.pid, signal.SIGKILL)
            if served.client.post("/api/marks", json=body).status_code == 200:
                answered.append(id)
    except httpx2.HTTPError:
        pass
    served.end(signal.SIGKILL)
    kept = list(read_corrections(file))
    assert len(answered) >= 150
    assert kept[: len(answered)] == answered
    assert len(kept) <= len(answered) + 1  # one may have been saved and not answered
    served = Served(source, "--corrections", file, "--no-audit")
    assert served.client.get("/api/marks").json()["total"] == len(kept)
    code, out, err = served.end(signal.SIGINT)
    assert code == 130
    assert out.strip().endswith(f"{len(kept):,} marks in {file}")
    assert err == ""
