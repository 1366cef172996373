"""signdata baseline."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from signdata.inference import network_process
from signdata.training.predictions import read_predictions
from tests.cli import counts


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    """Tiny networks learn faster in one thread than in several that share a busy machine."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture
def easy(tmp_path):
    """Two CSVs of three letters: bright above, bright below, dark."""
    rng = np.random.default_rng(0)
    for split, n in (("train", 60), ("test", 15)):
        lines = [",".join(["label", *(f"pixel{i}" for i in range(1, 785))])]
        for i in range(n):
            pixels = rng.integers(0, 60, (28, 28))
            pixels[:14] += 150 * (i % 3 == 0)
            pixels[14:] += 150 * (i % 3 == 1)
            lines.append(",".join(map(str, [i % 3, *pixels.ravel()])))
        (tmp_path / f"{split}.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "train.csv", tmp_path / "test.csv"


def test_a_run(cli, easy, tmp_path):
    words = ["--out", tmp_path / "run", "--epochs", "6", "--batch-size", "9", "--json"]
    words += ["--model", "unam"]
    done = cli("baseline", *easy, *words)
    assert done.returncode == 0
    found = counts.check(done.json, "baseline")
    wanted = "model test_accuracy test_correct test_total val_accuracy train_accuracy macro_f1"
    wanted += " epochs seconds samples_per_second parameters run"
    assert set(wanted.split()) <= set(found)
    assert (found["model"], found["epochs"], found["test_total"]) == ("unam", 6, 15)
    assert found["test_correct"] == round(found["test_accuracy"] * 15)
    assert found["test_accuracy"] > 0.9
    assert found["run"] == found["output"] == str(tmp_path / "run")
    assert (found["chosen_by"], found["learned_from"]) == ("val_loss", ["train"])
    assert any("test has only 15 samples" in each["message"] for each in found["problems"])

    saved = torch.load(tmp_path / "run" / "best.pt", weights_only=True)
    assert saved["classes"] == ["A", "B", "C"]
    assert len(pd.read_csv(tmp_path / "run" / "results.csv")) == 6
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["test_accuracy"] == found["test_accuracy"]
    assert np.sum(metrics["confusion_matrix"]) == 15
    assert set(metrics["per_class"]) == {"A", "B", "C"}

    said = read_predictions(tmp_path / "run" / "predictions.csv")
    test = [one for one in said if one.split == "test"]
    # The rows of the CSVs are named by their split and their number; val is a tenth of train.
    assert [one.id for one in test] == [f"test/{i:06d}" for i in range(1, 16)]
    assert said[-15:] == test
    assert {one.split for one in said[:-15]} == {"val"}
    val = [one.id for one in said[:-15]]
    assert val == sorted(val)
    assert len(val) == 6
    assert all(one.startswith("train/") for one in val)
    matrix = np.zeros((3, 3), int)
    for one in test:
        matrix["ABC".index(one.label), "ABC".index(one.predicted)] += 1
    assert matrix.tolist() == metrics["confusion_matrix"]
    document = json.loads((tmp_path / "run" / "signdata.json").read_text())
    assert metrics["dataset"]["sources"] == document["sources"]
    assert [one["name"] for one in document["sources"]] == ["train.csv", "test.csv"]
    assert metrics["dataset"]["samples"] == 75


def test_epochs_are_told_at_once_and_kept(cli, easy, tmp_path):
    done = cli("baseline", *easy, "--epochs", "2", "--model", "unam", "--out", tmp_path / "run")
    assert done.returncode == 0
    told = [line for line in done.stderr.splitlines() if line.startswith("epoch ")]
    assert [line.split()[1] for line in told] == ["1/2", "2/2"]
    assert max(map(len, told)) <= 80
    assert (tmp_path / "run" / "train.log").read_text().splitlines() == told
    quiet = cli("baseline", *easy, "--epochs", "1", "--out", tmp_path / "quiet", "--quiet")
    assert (quiet.stdout, quiet.stderr) == ("", "")


def test_mistakes_are_named(main, easy, tmp_path):
    """After one epoch at next to no rate hardly anything is right."""
    words = ["--epochs", "1", "--lr", "1e-9", "--model", "unam", "--out", tmp_path / "run"]
    done = main("baseline", *easy, *words)
    assert done.returncode == 0
    measured = json.loads((tmp_path / "run" / "metrics.json").read_text())
    first = measured["confused_pairs"][0]
    lines = {line.partition(": ")[0]: line for line in done.stdout.splitlines()}
    told = f"{first['true']} for {first['predicted']} ({first['count']})"
    assert lines["most confused pairs"].startswith(f"most confused pairs: {told}")
    worst = measured["worst_classes"][0]
    told = f"{worst} {measured['per_class'][worst]['f1']:.3f}"
    assert lines["worst classes by F1"].startswith(f"worst classes by F1: {told}")


@pytest.fixture
def bursts(tmp_path):
    """Two CSVs as `easy`, of ten photographs a letter, four near copies of each."""
    rng = np.random.default_rng(1)
    for split, n in (("sign_mnist_train", 30), ("sign_mnist_test", 9)):
        lines = [",".join(["label", *(f"pixel{i}" for i in range(1, 785))])]
        for i in range(n):
            photo = rng.integers(0, 150, (28, 28))
            photo[:14] += 60 * (i % 3 == 0)
            photo[14:] += 60 * (i % 3 == 1)
            for _ in range(4):
                copy = photo + rng.integers(0, 4, (28, 28))
                lines.append(",".join(map(str, [i % 3, *copy.ravel()])))
        (tmp_path / f"{split}.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "sign_mnist_train.csv", tmp_path / "sign_mnist_test.csv"


def test_the_final_network_after_a_split_by_groups(main, bursts, tmp_path):
    """The four commands of the README: split keeps near-duplicates together."""
    folders, parts = tmp_path / "folders", tmp_path / "parts"
    assert main("csv-to-folders", *bursts, folders, "-j1").returncode == 0
    words = ["--keep", "test", "--ratios", "80,20", "-j1"]
    assert main("split", folders, parts, *words).returncode == 0
    words = ["--model", "unam", "--epochs", "3", "--device", "cpu"]
    done = main("baseline", parts, *words, "--out", tmp_path / "run", "--json")
    assert done.json["learned_from"] == ["train", "val"]
    shown = main("baseline", parts, *words, "--out", tmp_path / "run")
    assert "of 3, then trained on train and val on cpu" in shown.stdout
    never = main("baseline", parts, *words, "--out", tmp_path / "no", "--refit", "never", "--json")
    assert never.json["learned_from"] == ["train"]
    assert never.json["val_accuracy"] == done.json["val_accuracy"]
    compared = [*words, "--compare-splits", "--out", tmp_path / "both", "--json"]
    assert main("baseline", parts, *compared).json["learned_from"] == ["train"]


def test_lines_for_people_and_nothing_to_do(cli, easy, tmp_path):
    words = ["baseline", *easy, "--model", "unam", "--epochs", "1", "--device", "cpu"]
    done = cli(*words, cwd=tmp_path)
    assert done.returncode == 0
    assert "note: " in done.stderr  # val was held out of train
    assert "of 15 right" in done.stdout
    run = tmp_path / "runs" / "train-unam-s0"
    before = (run / "best.pt").read_bytes()
    again = cli(*words, "--json", cwd=tmp_path)
    assert again.json["already_done"] is True
    assert "is complete already: nothing to do" in cli(*words, cwd=tmp_path).stdout
    assert (run / "best.pt").read_bytes() == before
    assert str(tmp_path) not in (run / "signdata.json").read_text()
    assert ".signdata-partial" not in (run / "signdata.json").read_text()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--model", "nonsense"], 2, "expected unam"),
        (["--epochs", "0"], 2, "--epochs"),
        (["--lr", "0"], 2, "--lr"),
        (["--lr", "inf"], 2, "finite"),
        (["--seed", "99999999999999999999"], 2, "--seed"),
        (["--weights", "nothing.pt"], 4, "not there"),
    ],
)
def test_wrong_options_are_usage(main, easy, tmp_path, words, code, said):
    done = main("baseline", *easy, "--out", tmp_path / "run", *words)
    assert done.returncode == code
    assert said in done.error
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("words", [["train.csv"], ["--list-models"]])
def test_without_torch_one_line_says_what_to_install(easy, tmp_path, words):
    hidden = "import sys; sys.modules['torch'] = None\n"
    line = hidden + "from signdata.cli import errors\nerrors.main(sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", line, "baseline", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    (said,) = done.stderr.splitlines()
    assert said == (
        "error: torch is not installed; baseline needs it. pip install 'signdata[train]'"
    )
    assert done.returncode not in (0, 1)


def test_one_class_is_too_few(main, make_csv, tmp_path):
    source = make_csv([(0, *range(16)), (0, *range(16))])
    done = main("baseline", source, "--out", tmp_path / "run", "--epochs", "1")
    assert done.returncode == 4
    assert "classes" in done.error
    assert not (tmp_path / "run").exists()


def test_another_run_in_its_place_is_refused(main, easy, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine.txt").write_text("precious")
    done = main("baseline", *easy, "--out", tmp_path / "run", "--epochs", "1")
    assert done.returncode == 5
    assert "remove it yourself" in done.error


# ---------------------------------------------------------------------------- going on


BROKEN_OFF = """
import os, signal, sys
from signdata.cli import errors as cli
from signdata.training.stages import Learner

learn, calls = Learner._learn, []

def interrupted(self, batch, share):
    calls.append(batch)
    if len(calls) == 41:
        os.kill(os.getpid(), signal.SIGINT)
    learn(self, batch, share)

Learner._learn = interrupted
cli.main(sys.argv[1:])
"""
"""A command that gets Ctrl-C in its 41st step, in the midst of an epoch."""


@pytest.fixture
def begun(easy, tmp_path):
    """A run that was broken off, as a command."""
    words = ["baseline", *easy, "--model", "unam", "--batch-size", "2", "--device", "cpu"]
    words += ["--epochs", "3", "--out", tmp_path / "run"]
    line = [sys.executable, "-c", BROKEN_OFF, *map(str, words)]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert "same command" in done.stderr
    assert list((tmp_path / "run" / ".signdata-partial").glob("tree*/last.pt"))
    return words


def test_ctrl_c_and_the_same_command_again(cli, begun, tmp_path):
    assert not (tmp_path / "run" / "best.pt").exists()
    done = cli(*begun, "--json")
    assert done.returncode == 0
    assert done.json["epochs"] == 3
    whole = cli(*begun[:-1], tmp_path / "whole", "--json")
    assert whole.returncode == 0
    for name in ("best.pt", "results.csv"):
        first, second = (tmp_path / each / name for each in ("run", "whole"))
        assert first.read_bytes() == second.read_bytes()


def test_resume_takes_the_options_of_the_run(main, begun, easy, tmp_path):
    refused = main("baseline", *easy, "--resume", tmp_path / "run", "--lr", "0.1")
    assert refused.returncode == 2
    assert "--lr" in refused.error
    other = main("baseline", easy[0], "--resume", tmp_path / "run")
    assert other.returncode == 5
    assert len(other.stderr.strip().splitlines()) == 1
    done = main("baseline", *easy, "--resume", tmp_path / "run", "--json")
    assert done.returncode == 0
    assert (done.json["model"], done.json["epochs"]) == ("unam", 3)
    again = main("baseline", *easy, "--resume", tmp_path / "run", "--json")
    assert again.json["already_done"] is True


def test_nothing_to_resume(main, easy, tmp_path):
    done = main("baseline", *easy, "--resume", tmp_path / "run")
    assert done.returncode == 4
    assert "no run of baseline" in done.error


# ---------------------------------------------------------------------------- folds


@pytest.fixture
def folded(main, easy, tmp_path):
    """The same letters in three folds, and the words that train on each of them."""
    words = ["--pool", "--folds", "3", "--group-by", "none", "--no-look", "-j1"]
    assert main("split", *easy, tmp_path / "folded", *words).returncode == 0
    words = ["--model", "unam", "--epochs", "3", "--batch-size", "2", "--device", "cpu"]
    return ["baseline", tmp_path / "folded", "--folds", *words]


def test_every_fold_is_test_once(main, folded, tmp_path):
    done = main(*folded, "--out", tmp_path / "run", "--json")
    assert done.returncode == 0
    found, folds = done.json, done.json["folds"]
    assert [each["fold"] for each in folds] == [1, 2, 3]
    assert sum(each["test_total"] for each in folds) == found["test_total"] == 75
    assert sum(each["test_correct"] for each in folds) == found["test_correct"]
    accuracies = [each["test_accuracy"] for each in folds]
    assert found["test_accuracy_mean"] == pytest.approx(np.mean(accuracies))
    assert found["test_accuracy_std"] == pytest.approx(np.std(accuracies, ddof=1))
    assert found["test_accuracy"] == found["pooled"]["accuracy"] == found["test_correct"] / 75
    runs = [tmp_path / "run" / f"fold-{number}" for number in (1, 2, 3)]
    each = [json.loads((run / "metrics.json").read_text()) for run in runs]
    summed = np.sum([run["confusion_matrix"] for run in each], axis=0)
    assert found["pooled"]["confusion_matrix"] == summed.tolist()
    pooled = {one.id: one for one in read_predictions(tmp_path / "run" / "predictions.csv")}
    tests = [
        one
        for run in runs
        for one in read_predictions(run / "predictions.csv")
        if one.split == "test"
    ]
    assert pooled == {one.id: one for one in tests}
    assert len(tests) == len(pooled) == 75
    told = json.loads((tmp_path / "run" / "folds.json").read_text())["dataset"]
    assert all(run["dataset"] == told for run in each)
    for name in ("confusion.png", "worst.png", "top5.png", "classes.png", "folds.json"):
        assert (tmp_path / "run" / name).is_file()
    # A fold is the same run as --fold makes on its own.
    words = [word for word in folded if word != "--folds"]
    alone = main(*words, "--fold", "2", "--out", tmp_path / "alone", "--json")
    assert alone.json["test_accuracy"] == folds[1]["test_accuracy"]
    for name in ("best.pt", "results.csv"):
        assert (tmp_path / "alone" / name).read_bytes() == (runs[1] / name).read_bytes()
    text = main(*folded, "--out", tmp_path / "run").stdout
    assert "is complete already" in text
    assert "fold  samples  right" in text
    assert f"3 folds: mean {np.mean(accuracies):.2%}" in text


def test_a_fold_may_be_val(main, folded, tmp_path):
    """The next one is, where it is test itself."""
    words = ["--val-fold", "2", "--epochs", "1", "--out", tmp_path / "run", "--json"]
    done = main(*folded, *words)
    assert done.returncode == 0
    told = json.loads((tmp_path / "run" / "signdata.json").read_text())["options"]
    assert (told["folds"], told["val_fold"]) == (True, 2)
    words = [word for word in folded if word != "--folds"] + ["--epochs", "1"]
    for test, val in ((1, 2), (2, 3), (3, 2)):
        out = tmp_path / f"alone-{test}"
        alone = main(*words, "--fold", str(test), "--val-fold", str(val), "--out", out)
        assert alone.returncode == 0
        fold = tmp_path / "run" / f"fold-{test}"
        assert (fold / "best.pt").read_bytes() == (out / "best.pt").read_bytes()
    other = main(*folded, "--val-fold", "7", "--out", tmp_path / "other")
    assert other.returncode == 4
    assert "no fold 7" in other.error


def test_folds_that_were_broken_off_go_on(cli, folded, tmp_path):
    """In the fold where they were; what is done is not done again."""
    line = [sys.executable, "-c", BROKEN_OFF.replace("41", "141"), *folded, "--out", "run"]
    done = subprocess.run(
        list(map(str, line)), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 130
    partial = tmp_path / "run" / ".signdata-partial"
    [first] = partial.glob("*/fold-1/metrics.json")
    assert not list(partial.glob("*/fold-3/metrics.json"))
    before = first.stat().st_mtime_ns
    again = cli("baseline", tmp_path / "folded", "--resume", tmp_path / "run", "--json")
    assert again.returncode == 0
    assert (tmp_path / "run" / "fold-1" / "metrics.json").stat().st_mtime_ns == before
    whole = cli(*folded, "--out", tmp_path / "whole", "--json")
    assert again.json["pooled"] == whole.json["pooled"]
    names = ["confusion.png", "worst.png", "folds.json"]
    names += [f"fold-{k}/{name}" for k in (1, 2, 3) for name in ("best.pt", "results.csv")]
    for name in names:
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--folds"], 4, "Make them with split --folds K."),
        (["--folds", "--fold", "1"], 2, "expected no --fold and no --split"),
        (["--folds", "--split", "train"], 2, "expected no --fold and no --split"),
        (["--folds", "--seeds", "2"], 2, "contradict each other"),
        (["--val-fold", "1"], 2, "--val-fold goes with --fold"),
    ],
)
def test_folds_that_cannot_be(main, easy, tmp_path, words, code, said):
    done = main("baseline", *easy, *words, "--out", tmp_path / "run")
    assert done.returncode == code
    assert said in done.error
    assert not (tmp_path / "run").exists()


def test_what_is_read_is_part_of_the_run(main, easy, tmp_path):
    """A run on other samples is another run, and one that goes on reads the same ones."""
    words = ["baseline", *easy, "--epochs", "1", "--model", "unam", "--out", tmp_path / "run"]
    assert main(*words, "--max-per-class", "10").returncode == 0
    other = main(*words)
    assert other.returncode == 5
    assert "with other options" in other.error
    again = main("baseline", *easy, "--resume", tmp_path / "run", "--json")
    assert (again.returncode, again.json["already_done"]) == (0, True)
    (tmp_path / "names.csv").write_text("A,first\n")
    words[-1] = tmp_path / "named"
    assert main(*words, "--rename", tmp_path / "names.csv").returncode == 0
    unnamed = main("baseline", *easy, "--resume", tmp_path / "named")
    assert unnamed.returncode == 2
    assert "--rename FILE" in unnamed.error
    resumed = ["--resume", tmp_path / "named", "--rename", tmp_path / "names.csv", "--json"]
    assert main("baseline", *easy, *resumed).json["already_done"] is True


def test_one_split_is_trained_on(main, easy, tmp_path):
    words = ["--split", "train", "--epochs", "1", "--model", "unam", "--out", tmp_path / "run"]
    done = main("baseline", *easy, *words, "--json")
    assert (done.returncode, done.json["read"], done.json["test_accuracy"]) == (0, 60, None)


def test_several_seeds(main, easy, tmp_path):
    words = ["--out", tmp_path / "run", "--epochs", "3", "--batch-size", "9", "--seeds", "3"]
    done = main("baseline", *easy, *words, "--model", "unam", "--json")
    assert done.returncode == 0
    runs = done.json["runs"]
    assert [each["seed"] for each in runs] == [0, 1, 2]
    reached = [each["test_accuracy"] for each in runs]
    assert done.json["test_accuracy_mean"] == pytest.approx(np.mean(reached))
    assert done.json["test_accuracy_std"] == pytest.approx(np.std(reached, ddof=1))
    digests = {
        json.loads((tmp_path / "run" / f"s{seed}" / "metrics.json").read_text())["digest"]
        for seed in range(3)
    }
    assert len(digests) == 1


def test_published_settings_and_options_beside_them(main, easy, tmp_path):
    words = ["--model", "unam", "--preset", "published", "--epochs", "1", "--optimizer", "adam"]
    words += ["--class-weights", "balanced", "--patience", "3", "--schedule", "plateau"]
    done = main("baseline", *easy, "--out", tmp_path / "run", *words, "--json")
    assert done.returncode == 0
    config = json.loads((tmp_path / "run" / "metrics.json").read_text())["config"]
    assert (config["lr"], config["momentum"], config["optimizer"]) == (0.0015, 0.7, "adam")
    assert (config["schedule"], config["patience"]) == ("plateau", 3)


def test_splits_are_compared(main, easy, tmp_path):
    words = ["--out", tmp_path / "run", "--epochs", "3", "--batch-size", "9", "--model", "unam"]
    done = main("baseline", *easy, *words, "--compare-splits", "--json")
    assert done.returncode == 0
    found = done.json["comparison"]
    assert found["gap"] == found["random_split_accuracy"] - found["group_split_accuracy"]
    assert found["group_split_accuracy"] == done.json["test_accuracy"]
    assert {"majority", "nearest_neighbour", "shuffled_labels"} == set(found["controls"])
    for name in ("random", "grouped", "shuffled"):
        assert (tmp_path / "run" / name / "best.pt").exists()
    again = main("baseline", *easy, *words, "--compare-splits")
    assert "the random one" in again.stdout
    both = main("baseline", *easy, "--compare-splits", "--seeds", "2", "--out", tmp_path / "two")
    assert both.returncode == 2


def many_of_one() -> dict[str, torch.Tensor]:
    """A few bytes that say they are terabytes: each number is the same one."""
    return {"head.weight": torch.zeros(1).expand(1 << 40)}


class Call:
    """Runs a command when it is unpickled."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __reduce__(self):
        return os.system, (self.text,)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (many_of_one, "does not fit into the memory"),
        (lambda: {"w": [1, 2]}, "expected tensors by name, found list"),
        (lambda: {"w": Call("touch ran")}, "not a weights file"),
    ],
)
def test_a_strangers_weights_end_in_one_line(main, easy, tmp_path, monkeypatch, content, said):
    monkeypatch.chdir(tmp_path)
    torch.save(content(), "strange.pt")
    done = main("baseline", *easy, "--weights", "strange.pt", "--model", "unam", "--out", "run")
    assert done.returncode == 4
    assert said in done.error
    assert "strange.pt" in done.error
    assert not os.path.exists("ran")
    assert not os.path.exists("run")


def test_weights_that_end_their_process_end_in_one_line(main, easy, tmp_path, monkeypatch):
    """Whatever a file does to PyTorch, it does it to a process of its own."""
    monkeypatch.setattr(network_process, "SECONDS", 0.01)
    torch.save({}, tmp_path / "slow.pt")
    done = main("baseline", *easy, "--weights", tmp_path / "slow.pt", "--out", tmp_path / "run")
    assert done.returncode == 4
    assert "no answer within 0.01 s" in done.error


@pytest.mark.skipif(sys.platform == "win32", reason="has no named pipes")
def test_weights_are_a_regular_file(main, easy, tmp_path):
    os.mkfifo(tmp_path / "pipe.pt")
    done = main("baseline", *easy, "--weights", tmp_path / "pipe.pt", "--out", tmp_path / "run")
    assert done.returncode == 4
    assert "expected a regular file" in done.error


def test_other_weights_under_the_name_are_another_source(main, easy, tmp_path):
    words = ["baseline", *easy, "--model", "unam", "--epochs", "1", "--device", "cpu"]
    first, second = tmp_path / "first", tmp_path / "second"
    assert main(*words, "--out", first).returncode == 0
    weights = tmp_path / "weights.pt"
    weights.write_bytes((first / "best.pt").read_bytes())
    words += ["--weights", weights, "--out", second]
    assert main(*words).returncode == 0
    weights.write_bytes((second / "best.pt").read_bytes())
    done = main(*words)
    assert done.returncode == 5
    assert "weights.pt" in done.error


def test_the_certificate_and_the_accuracy_are_put_beside_each_other(main, easy, tmp_path):
    """It comes along with the dataset, from split through convert to baseline."""
    header, *rows = easy[0].read_text().splitlines()
    twice, parts, array = tmp_path / "twice.csv", tmp_path / "parts", tmp_path / "parts.h5"
    twice.write_text("\n".join([header, *rows, *rows]) + "\n")
    assert main("split", twice, parts, "--group-by", "none", "-j1").returncode == 0
    assert main("convert", parts, array, "-j1").returncode == 0
    words = ["--model", "unam", "--epochs", "6", "--device", "cpu", "--out", tmp_path / "run"]
    done = main("baseline", array, *words, "--json")
    assert done.json["test_accuracy"] >= 0.9
    notes = [problem["message"] for problem in done.json["problems"]]
    assert any("of test have a near-twin in train" in note for note in notes)
