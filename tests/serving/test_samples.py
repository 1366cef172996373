"""Lists of samples: filters, sorting, counts, pages, tables."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

from signdata.formats.open import open_dataset
from signdata.serving.catalog import Catalog, SpilledPixels
from tests.conftest import picture
from tests.serving.apps import App, opened


@pytest.fixture
def split_tree(make_tree: Callable[..., Path]) -> Path:
    """Eight pictures of two classes in two splits; one of them is damaged."""
    files: dict[str, np.ndarray | bytes] = {
        f"{split}/{label}/{i}.png": picture(10 * i + len(split) + ord(label), 8, 8)
        for split in ("train", "test")
        for label in "AB"
        for i in range(2)
    }
    files["train/B/bad.png"] = b"\x89PNG\r\n\x1a\n"
    return make_tree(files)


@pytest.fixture
def app(split_tree: Path) -> Iterator[App]:
    with opened(split_tree, audited=True) as one:
        yield one


def test_a_list_has_every_sample_with_what_is_known(app: App) -> None:
    answer = app.get("/api/samples?n=3&from=2")
    assert (answer["total"], answer["from"], len(answer["samples"])) == (9, 2, 3)
    [first, *_] = app.get("/api/samples?split=test&label=B")["samples"]
    assert first["id"] == "test/B/0"
    assert (first["label"], first["split"], first["kind"]) == ("B", "test", "still")
    assert first["mark"] is None
    assert first["said"] is None
    assert first["missing"] == ""


def test_values_of_a_field_are_alternatives_and_fields_hold_together(app: App) -> None:
    assert app.ids("label=A&split=train") == ["train/A/0", "train/A/1"]
    assert len(app.ids("label=A&label=B&split=test")) == 4
    assert app.ids("label=C") == []
    assert app.ids("label=") == []


def test_numbers_are_those_of_the_dataset_under_any_filter(app: App) -> None:
    everything = app.get("/api/samples?n=200")["samples"]
    assert [one["n"] for one in everything] == list(range(9))
    some = app.get("/api/samples?split=train&sort=-stored")["samples"]
    assert [one["n"] for one in some] == sorted((one["n"] for one in some), reverse=True)
    for one in some:
        assert app.get(f"/api/samples/{one['n']}")["sample"]["id"] == one["id"]


def test_pages_follow_each_other(app: App) -> None:
    parts = [
        one["id"]
        for start in (0, 4, 8, 12)
        for one in app.get(f"/api/samples?n=4&from={start}&sort=-class")["samples"]
    ]
    assert parts == app.ids("sort=-class")
    assert len(set(parts)) == 9


def test_facets_count_each_value_without_their_own_choice(app: App) -> None:
    facets = app.get("/api/facets?label=A")
    assert facets["total"] == 4
    assert facets["facets"]["label"] == {"A": 4, "B": 5}
    assert facets["facets"]["split"] == {"train": 2, "test": 2}
    assert app.get("/api/facets?split=test")["facets"]["label"] == {"A": 2, "B": 2}


def test_a_chosen_value_that_no_sample_has_any_more_stays_to_be_unchosen(app: App) -> None:
    facets = app.get("/api/facets?split=val&label=A")["facets"]
    assert facets["split"]["val"] == 0
    assert facets["label"]["A"] == 0


def test_findings_can_be_chosen_and_are_counted(app: App) -> None:
    assert app.ids("finding=corrupt") == ["train/B/bad"]
    assert "corrupt" in app.get("/api/facets")["facets"]["finding"]
    assert "train/B/bad" not in app.ids("finding=none")


def test_before_the_audit_what_it_measures_is_no_order(split_tree: Path) -> None:
    with opened(split_tree) as app:
        answer = app.client.get("/api/samples?sort=sharpness")
        assert answer.status_code == 409
        assert "audit" in answer.json()["error"]["what"]
        assert app.get("/api/dataset")["audit"]["state"] == "off"


def test_sorting_by_what_the_audit_measured(make_tree: Callable[..., Path]) -> None:
    tree = make_tree(
        {f"A/{level}.png": np.full((8, 8, 1), level, np.uint8) for level in (200, 50, 120)}
    )
    with opened(tree, audited=True) as app:
        assert app.ids("sort=brightness") == ["A/50", "A/120", "A/200"]
        assert app.ids("sort=-brightness") == ["A/200", "A/120", "A/50"]


def test_what_has_no_value_comes_last_in_both_directions(app: App) -> None:
    assert app.ids("sort=sharpness")[-1] == "train/B/bad"
    assert app.ids("sort=-sharpness")[-1] == "train/B/bad"


def test_a_missing_sample_is_hidden_unless_it_is_asked_for(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("path,label\nhere.png,A\ngone.png,A\n")
    from PIL import Image

    Image.fromarray(picture(1, 8, 8)[:, :, 0]).save(tmp_path / "here.png")
    with opened(table) as app:
        assert len(app.ids("")) == 1
        [gone] = app.get("/api/samples?missing=only")["samples"]
        assert gone["missing"]
        assert len(app.ids("missing=show")) == 2
        assert app.get("/api/facets")["facets"]["missing"] == {"hide": 1, "only": 1}
        page = app.get(f"/api/samples/{gone['n']}")
        assert page["error"] == gone["missing"]
        assert app.client.get(f"/api/samples/{gone['n']}/frame/0").status_code in (404, 422)


def test_the_table_has_all_of_the_filter(app: App) -> None:
    answer = app.client.get("/api/samples.csv?split=test&n=1")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(StringIO(answer.text)))
    assert [row["id"] for row in rows] == app.ids("split=test")
    assert {row["split"] for row in rows} == {"test"}
    facets = list(csv.DictReader(StringIO(app.client.get("/api/facets.csv?split=test").text)))
    assert {"field": "label", "value": "A", "samples": "2"} in facets


def test_hostile_names_stay_text(make_tree: Callable[..., Path]) -> None:
    name = "<img onerror=alert(1)>&quot;"
    with opened(make_tree({f"{name}/a,'\".png": picture(1), "B/b.png": picture(2)})) as app:
        assert app.ids("label=%3Cimg%20onerror%3Dalert(1)%3E%26quot%3B") == [f"{name}/a,'\""]
        row = next(csv.DictReader(StringIO(app.client.get("/api/samples.csv").text)))
        assert row["label"] in (name, "B")
        assert "<img" not in app.client.get("/samples").text


def test_names_of_signers_are_hidden_where_that_is_asked(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    rows = [f"p{i}.png,A,{signer}" for i, signer in enumerate(("Ana", "Eva", "Ana"))]
    table.write_text("\n".join(["path,label,signer", *rows, ""]))
    from PIL import Image

    for i in range(3):
        Image.fromarray(picture(i, 8, 8)[:, :, 0]).save(tmp_path / f"p{i}.png")
    with opened(table, anonymous=True) as app:
        everything = app.client.get("/api/samples").text + app.client.get("/api/samples/0").text
        everything += app.client.get("/api/facets").text + app.client.get("/api/dataset").text
        assert "Ana" not in everything
        assert "Eva" not in everything
        assert app.get("/api/facets")["facets"]["signer"] == {"signer 1": 2, "signer 2": 1}
        assert len(app.ids("signer=signer 1")) == 2
    with opened(table) as app:
        assert app.get("/api/facets")["facets"]["signer"] == {"Ana": 2, "Eva": 1}


def test_pixels_of_a_csv_do_not_stay_in_memory(make_csv: Callable[..., Path]) -> None:
    with open_dataset(make_csv()) as reader:
        catalog = Catalog(reader)
    try:
        assert all(isinstance(one.pixels, SpilledPixels) for one in catalog.samples)
        for i, sample in enumerate(catalog.samples):
            [frame] = sample.frames()
            assert np.array_equal(frame, picture(i))
    finally:
        catalog.close()


def test_a_csv_is_shown(make_csv: Callable[..., Path]) -> None:
    with opened(make_csv(), audited=True) as app:
        page = app.get("/api/samples/2")
        assert page["sample"]["label"] == "C"
        assert (page["size"], page["channels"], page["has_file"]) == ([4, 4], 1, False)
        assert app.client.get("/api/samples/2/file").status_code == 404


def test_the_dataset_as_a_whole(app: App) -> None:
    found = app.get("/api/dataset")
    assert (found["name"], found["format"], found["kind"]) == ("data", "folders", "still")
    assert (found["samples"], found["classes"]) == (9, ["A", "B"])
    assert found["counts"]["A"] == {"train": 2, "test": 2}
    assert found["audit"] == {"state": "done", "done": 0, "total": 0, "error": ""}
    assert found["verdict"]["level"] in ("sound", "care", "misleading", "unknown")
    assert found["verdict"]["sentence"]
    [corrupt] = [one for one in found["findings"] if one["kind"] == "corrupt"]
    assert corrupt["n"] == 1
    assert app.get(f"/api/samples/{corrupt['examples'][0]}")["sample"]["id"] == "train/B/bad"
    assert found["marks"] == {"file": "", "n": 0}
