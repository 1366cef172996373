from __future__ import annotations

import csv
import json
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from signdata.errors import OutputError, SourceChangedError, TrainingError, UsageError
from signdata.training import learner, models, split_comparison
from signdata.training.batch_augmentation import prepare
from signdata.training.batches import Part
from signdata.training.data import Dataset
from signdata.training.interrupts import Pause
from signdata.training.learner import class_weights, one_cycle, pose_loss, rate_at
from signdata.training.models import model_class
from signdata.training.settings import PUBLISHED, Preset, TrainConfig
from signdata.training.train import Result, train

CONFIG = TrainConfig(epochs=4, batch_size=16, device="cpu")


def run(data: Dataset, run_dir: Path, config: TrainConfig = CONFIG, progress=None) -> Result:
    run_dir.mkdir()
    return train(config, data, run_dir=run_dir, progress=progress)


@pytest.fixture
def data(corners: Dataset) -> Dataset:
    splits = np.array([*["train"] * 160, *["val"] * 40, *["test"] * 40], "U5")
    return replace(corners, splits=splits)


def test_a_separable_set_is_learned(data: Dataset, tmp_path: Path) -> None:
    result = run(data, tmp_path / "run")
    assert result.test_accuracy > 0.9
    assert result.train_accuracy > 0.9
    assert result.val_accuracy > 0.9
    assert result.macro_f1 > 0.9
    assert result.test_total == 40
    assert result.test_correct == round(result.test_accuracy * 40)
    assert result.parameters == 77_754
    assert result.device == "cpu"
    assert result.notes == ()


def test_the_same_seed_gives_the_same_files(data: Dataset, tmp_path: Path) -> None:
    config = replace(CONFIG, epochs=2)
    run(data, tmp_path / "a", config)
    torch.rand(7)
    run(data, tmp_path / "b", config)
    run(data, tmp_path / "c", replace(config, seed=1))
    for name in ("best.pt", "results.csv"):
        first = (tmp_path / "a" / name).read_bytes()
        assert first == (tmp_path / "b" / name).read_bytes()
        assert first != (tmp_path / "c" / name).read_bytes()


def test_the_recipe_is_learned_from_and_repeats_itself(data: Dataset, tmp_path: Path) -> None:
    config = replace(CONFIG, augment="recipe")
    first, second = run(data, tmp_path / "a", config), run(data, tmp_path / "b", config)
    assert first.test_accuracy > 0.9
    assert first.test_correct == second.test_correct
    assert (tmp_path / "a" / "best.pt").read_bytes() == (tmp_path / "b" / "best.pt").read_bytes()


def test_random_state_and_settings_are_left_alone(data: Dataset, tmp_path: Path) -> None:
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    deterministic = torch.backends.cudnn.deterministic
    numpy_state = np.random.get_state()[1].copy()  # noqa: NPY002 - the one that others share
    run(data, tmp_path / "run", replace(CONFIG, epochs=1))
    assert torch.equal(before, torch.random.get_rng_state())
    assert torch.backends.cudnn.deterministic == deterministic
    assert (np.random.get_state()[1] == numpy_state).all()  # noqa: NPY002


def test_the_test_split_decides_nothing(data: Dataset, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (40, 1, 28, 28)).astype(np.uint8)
    spoiled = replace(data, images=np.concatenate([data.images[:200], noise]))
    good, bad = run(data, tmp_path / "good"), run(spoiled, tmp_path / "bad")
    assert bad.test_accuracy < 0.7 < good.test_accuracy
    for name in ("best.pt", "results.csv"):
        assert (tmp_path / "good" / name).read_bytes() == (tmp_path / "bad" / name).read_bytes()


def test_the_test_split_is_opened_after_the_last_epoch(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from signdata.training import stages as room

    events = []
    original = learner.evaluate

    def spy(network, part, n_classes):
        events.append(len(part))
        return original(network, part, n_classes)

    monkeypatch.setattr(room, "evaluate", spy)
    # 160 of train, 40 of val, and 37 of test, to tell the two apart.
    fewer = replace(data, splits=np.where(np.arange(240) >= 237, "", data.splits))
    run(fewer, tmp_path / "run", replace(CONFIG, epochs=3))
    assert events == [40, 40, 40, 160, 40, 37]


def test_no_pixel_of_test_is_touched_before_the_last_epoch(data: Dataset, tmp_path: Path) -> None:
    touched: list[tuple[int, set[str]]] = []
    epochs: list[str] = []

    class Watched(np.ndarray):
        def __getitem__(self, rows):
            touched.append((len(epochs), set(np.atleast_1d(data.splits[rows]).tolist())))
            return np.asarray(self)[rows]

    watched = replace(data, images=data.images.view(Watched))
    said = lambda *words: epochs.append(words[2]) if words[2].endswith("\n") else None  # noqa: E731
    run(watched, tmp_path / "run", replace(CONFIG, epochs=3), progress=said)
    assert touched[:2] == [(0, {"train"}), (0, {"val"})]
    assert touched[2:]
    assert all(one == (3, {"test"}) for one in touched[2:])  # judged, and drawn


def test_shuffled_labels_fall_to_chance(data: Dataset, tmp_path: Path) -> None:
    told = run(data, tmp_path / "told").test_accuracy
    shuffled = run(split_comparison.shuffled(data, 0), tmp_path / "shuffled").test_accuracy
    assert split_comparison.is_at_chance(shuffled, data)
    assert not split_comparison.is_at_chance(told, data)


def test_the_best_weights_give_the_reported_test_numbers(data: Dataset, tmp_path: Path) -> None:
    result = run(data, tmp_path / "run", replace(CONFIG, epochs=2))
    saved = torch.load(tmp_path / "run" / "best.pt", weights_only=True)
    assert saved["classes"] == ["A", "B", "C", "D"]
    assert saved["model"] == "unam"
    assert saved["epoch"] == result.best_epoch
    assert TrainConfig(**saved["config"]) == replace(CONFIG, epochs=2)
    network = model_class(saved["model"])(len(saved["classes"]))
    network.load_state_dict(saved["state_dict"])
    network.eval()
    test = data.splits == "test"
    logits = network(prepare(torch.from_numpy(data.images[test]), "none"))
    assert (logits.argmax(1).numpy() == data.labels[test]).sum() == result.test_correct


def test_the_run_folder_holds_every_number(data: Dataset, tmp_path: Path) -> None:
    result = run(data, tmp_path / "run")
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "activations.png",
        "best.pt",
        "classes.png",
        "confusion.png",
        "curves.png",
        "events.out.tfevents.signdata",
        "last.pt",
        "metrics.json",
        "predictions.csv",
        "results.csv",
        "top5.png",
        "train.log",
        "worst.png",
    ]
    with open(tmp_path / "run" / "results.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]
    assert float(rows[result.best_epoch - 1]["val_accuracy"]) == result.val_accuracy
    assert [row["learned_from"] for row in rows] == ["train"] * 4
    assert float(rows[-1]["lr"]) < float(rows[0]["lr"])
    lines = (tmp_path / "run" / "train.log").read_text().splitlines()
    assert [line.split()[1] for line in lines] == ["1/4", "2/4", "3/4", "4/4"]
    assert f"val {float(rows[0]['val_loss']):.4f}" in lines[0]

    report = json.loads((tmp_path / "run" / "metrics.json").read_text())
    for key, value in json.loads(json.dumps(result.to_dict())).items():
        assert key == "run" or report[key] == value
    assert np.trace(report["confusion_matrix"]) == result.test_correct
    assert [report["per_class"][name]["support"] for name in report["classes"]] == [10] * 4
    assert {"seed", "versions", "device", "seconds", "samples_per_second"} <= report.keys()
    assert report["dataset"]["samples"] == 240
    assert str(tmp_path) not in json.dumps(report)


@pytest.mark.parametrize(("n", "warned"), [(29, True), (30, False)])
def test_a_test_of_a_few_samples_tells_nothing(
    data: Dataset, tmp_path: Path, n: int, warned: bool
) -> None:
    splits = np.where(np.arange(240) >= 200 + n, "", data.splits)
    result = run(replace(data, splits=splits), tmp_path / "run", replace(CONFIG, epochs=1))
    found = [note for note in result.notes if "means nothing" in note]
    assert bool(found) is warned
    if warned:  # Wilson: 29 / (29 + 1.96 ** 2)
        assert "test has only 29 samples" in found[0]
        assert "as low as 88%" in found[0]


def test_without_test_its_numbers_are_none(data: Dataset, tmp_path: Path) -> None:
    splits = np.where(data.splits == "test", "val", data.splits)
    result = run(replace(data, splits=splits), tmp_path / "run", replace(CONFIG, epochs=1))
    assert result.test_accuracy is result.test_correct is result.test_total is None
    assert result.measured_on == "val"
    assert result.notes == ("there is no test split, so there are no test results",)
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["test_accuracy"] is None


def test_progress_ends_with_the_last_step(data: Dataset, tmp_path: Path) -> None:
    told = []
    config = replace(CONFIG, epochs=2, batch_size=2)
    run(data, tmp_path / "run", config, progress=lambda *words: told.append(words))
    assert [step for step, _, _ in told] == [50, 80, 100, 150, 160]
    assert told[-1][1] == 160
    assert told[-1][2].startswith("epoch 2/2  train ")
    assert [words[2].endswith("\n") for words in told] == [False, True, False, False, True]


def test_a_loss_that_is_no_number_ends_the_run(data: Dataset, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="not finite in epoch 1"):
        run(data, tmp_path / "run", replace(CONFIG, lr=1e30))
    assert not list((tmp_path / "run").iterdir())


@pytest.mark.parametrize(
    "options",
    [
        {"epochs": 0},
        {"batch_size": 0},
        {"lr": 0},
        {"patience": -1},
        {"label_smoothing": 1.0},
        {"augment": "heavy"},
        {"device": "tpu"},
        {"optimizer": "lion"},
        {"schedule": "cosine"},
        {"class_weights": "some"},
        {"preset": "theirs"},
        {"refit": "sometimes"},
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=str(next(iter(options)))):
        TrainConfig(**options)


@pytest.mark.skipif(torch.cuda.is_available(), reason="a machine with CUDA")
def test_cuda_that_is_not_there_is_a_usage_error(data: Dataset, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no CUDA device"):
        run(data, tmp_path / "run", replace(CONFIG, device="cuda"))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_cuda_learns_and_repeats_itself(data: Dataset, tmp_path: Path) -> None:
    config = replace(CONFIG, device="cuda")
    first, second = run(data, tmp_path / "a", config), run(data, tmp_path / "b", config)
    assert first.test_accuracy > 0.9
    assert first.device.startswith("cuda")
    assert first.test_correct == second.test_correct
    assert (tmp_path / "a" / "best.pt").read_bytes() == (tmp_path / "b" / "best.pt").read_bytes()


def test_the_cycle_rises_once_and_ends_at_zero() -> None:
    rates = [one_cycle(step / 100, 0.3) for step in range(101)]
    assert rates[0] == pytest.approx(0.04)
    assert max(rates) == rates[30] == 1
    assert rates[100] == pytest.approx(0)
    assert rates[:31] == sorted(rates[:31])
    assert rates[30:] == sorted(rates[30:], reverse=True)
    assert one_cycle(0, 0) == 1


# ---------------------------------------------------------------------------- settings


def test_published_settings_are_those_of_the_source() -> None:
    config = TrainConfig.of("unam", "published", epochs=2)
    assert (config.optimizer, config.lr, config.momentum) == ("sgd", 0.0015, 0.7)
    assert (config.epochs, config.batch_size, config.augment) == (2, 64, "none")
    assert TrainConfig.of("unam") == TrainConfig()
    for name in PUBLISHED:
        assert TrainConfig.of(name, "published").preset == "published"
    with pytest.raises(UsageError, match="no published settings"):
        TrainConfig.of("signnet", "published")


@pytest.mark.parametrize(
    "options",
    [
        {"optimizer": "adam", "lr": 3e-3, "weight_decay": 0.0, "schedule": "constant"},
        {"optimizer": "sgd", "lr": 0.05, "schedule": "plateau", "clip_norm": 1.0},
        {"class_weights": "balanced", "label_smoothing": 0.0},
    ],
)
def test_every_kind_of_setting_learns(data: Dataset, tmp_path: Path, options) -> None:
    assert run(data, tmp_path / "run", replace(CONFIG, epochs=6, **options)).test_accuracy > 0.8


def test_the_rate_falls_where_the_loss_does_not() -> None:
    config = Preset(lr=1.0, schedule="plateau", plateau_factor=0.5, plateau_patience=1, min_lr=0.2)
    assert rate_at(config, 0.5, [3.0, 2.0, 1.0]) == 1
    assert rate_at(config, 0.5, [3.0, 3.0]) == 1
    assert rate_at(config, 0.5, [3.0, 3.0, 3.0]) == 0.5
    assert rate_at(config, 0.5, [3.0, 3.0, 3.0, 3.0, 3.0]) == 0.25
    assert rate_at(config, 0.5, [3.0] * 50) == 0.2


def test_the_plateau_is_that_of_torch() -> None:
    losses = np.random.default_rng(0).random(60).round(1).tolist()
    config = Preset(lr=1.0, schedule="plateau", plateau_factor=0.7, plateau_patience=5, min_lr=1e-6)
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimiser, factor=0.7, patience=5, min_lr=1e-6
    )
    for n, loss in enumerate(losses, start=1):
        theirs.step(loss)
        assert rate_at(config, 0.0, losses[:n]) == pytest.approx(optimiser.param_groups[0]["lr"])


def test_a_constant_rate_is_halved_once() -> None:
    config = Preset(lr=1.0, schedule="constant", halve_after=2)
    assert [rate_at(config, 0.0, [1.0] * n) for n in range(5)] == [1, 1, 0.5, 0.5, 0.5]


def test_learning_ends_where_nothing_gets_better(data: Dataset, tmp_path: Path) -> None:
    # A rate of next to nothing: val stays as it is, and equals count as better.
    noise = replace(data, labels=np.random.default_rng(0).integers(0, 4, 240))
    config = replace(CONFIG, epochs=40, patience=2)
    result = run(noise, tmp_path / "run", config)
    assert result.epochs < 40
    assert result.epochs - result.best_epoch == 2
    assert any("no more improvement" in note for note in result.notes)


def test_balanced_classes_weigh_alike() -> None:
    labels = torch.tensor([0, 0, 0, 1, 3, 3])
    weights = class_weights(replace(CONFIG, class_weights="balanced"), labels, 4)
    assert weights.tolist() == pytest.approx([2 / 3, 2, 0, 1])
    assert weights[labels].sum() == pytest.approx(len(labels))
    assert class_weights(CONFIG, labels, 4) is None


def test_a_faulty_step_is_named(data: Dataset, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"epoch 1 \(step \d+ of 10\)"):
        run(data, tmp_path / "run", replace(CONFIG, lr=1e30, clip_norm=1.0, optimizer="sgd"))


def test_weights_are_where_learning_starts(data: Dataset, tmp_path: Path) -> None:
    run(data, tmp_path / "first")
    config = replace(CONFIG, epochs=1, lr=1e-9, weights=str(tmp_path / "first" / "best.pt"))
    assert run(data, tmp_path / "second", config).test_accuracy > 0.9


# ---------------------------------------------------------------------------- going on


def broken_off(at: int) -> Callable[[int, int, str], None]:
    """What sends Ctrl-C when step `at` is told."""

    def tell(step: int, total: int, words: str) -> None:
        if step == at:
            os.kill(os.getpid(), signal.SIGINT)

    return tell


LONG = replace(CONFIG, epochs=3, batch_size=2, clip_norm=5.0)  # 80 steps an epoch


@pytest.mark.parametrize("steps", [[50], [80], [160], [50, 100, 150], [240]])
def test_a_resumed_run_equals_an_unbroken_one(
    data: Dataset, tmp_path: Path, steps: list[int]
) -> None:
    run(data, tmp_path / "whole", LONG)
    (tmp_path / "parts").mkdir()
    for at in steps:
        with pytest.raises(KeyboardInterrupt):
            train(LONG, data, run_dir=tmp_path / "parts", progress=broken_off(at))
        found = sorted(path.name for path in (tmp_path / "parts").iterdir())
        assert found == ["last.pt", "train.log"]
    result = train(LONG, data, run_dir=tmp_path / "parts")
    assert result.epochs == 3
    for name in ("best.pt", "results.csv"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes()


# ---------------------------------------------------------------------------- the final network


@pytest.fixture
def in_groups(data: Dataset) -> Dataset:
    """Each ten samples of a split are a group."""
    return replace(data, groups=tuple(f"{row // 10}" for row in range(240)))


def test_the_final_network_learns_from_val_too(in_groups: Dataset, tmp_path: Path) -> None:
    config = replace(CONFIG, epochs=3)
    result = run(in_groups, tmp_path / "auto", config)
    alone = run(in_groups, tmp_path / "never", replace(config, refit="never"))
    assert (result.learned_from, alone.learned_from) == (("train", "val"), ("train",))
    assert any("trained on train and val" in note for note in result.notes)
    # What val says comes from a network that has not learned from it.
    assert (result.best_epoch, result.val_accuracy) == (alone.best_epoch, alone.val_accuracy)
    with open(tmp_path / "auto" / "results.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["learned_from"] for row in rows[:3]] == ["train"] * 3
    final = rows[3:]
    assert [int(row["epoch"]) for row in final] == list(range(1, result.best_epoch + 1))
    assert {(row["learned_from"], row["val_loss"]) for row in final} == {("train+val", "")}
    saved = torch.load(tmp_path / "auto" / "best.pt", weights_only=True)
    assert (saved["learned_from"], saved["epoch"]) == (["train", "val"], result.best_epoch)
    kept = json.loads((tmp_path / "auto" / "metrics.json").read_text())
    assert (kept["learned_from"], kept["chosen_by"]) == (["train", "val"], "val_loss")
    lines = (tmp_path / "auto" / "train.log").read_text().splitlines()
    assert len(lines) == 3 + 1 + result.best_epoch
    assert f"val chose epoch {result.best_epoch}" in lines[3]


def test_the_final_network_is_the_one_that_learns_from_both_at_once(
    in_groups: Dataset, tmp_path: Path
) -> None:
    """Its weights are those of a plain run on train and val, with the epochs that val chose."""
    config = replace(CONFIG, epochs=3)
    result = run(in_groups, tmp_path / "auto", config)
    # A val of one sample next to them: it must not be learned from.
    both = np.where(in_groups.splits == "val", "train", in_groups.splits)
    both[np.flatnonzero(both == "test")[0]] = "val"
    plain = replace(config, epochs=result.best_epoch, refit="never")
    run(replace(in_groups, splits=both), tmp_path / "plain", plain)
    last = torch.load(tmp_path / "plain" / "last.pt", weights_only=True)["state_dict"]
    kept = torch.load(tmp_path / "auto" / "best.pt", weights_only=True)["state_dict"]
    assert all(torch.equal(last[name], kept[name]) for name in last)


def test_the_test_split_does_not_change_the_final_network(
    in_groups: Dataset, tmp_path: Path
) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (40, 1, 28, 28)).astype(np.uint8)
    spoiled = replace(in_groups, images=np.concatenate([in_groups.images[:200], noise]))
    run(in_groups, tmp_path / "good")
    run(spoiled, tmp_path / "bad")
    for name in ("best.pt", "results.csv"):
        assert (tmp_path / "good" / name).read_bytes() == (tmp_path / "bad" / name).read_bytes()


@pytest.mark.parametrize("steps", [[150], [160], [210, 310], [260]])
def test_a_run_broken_off_in_either_stage_goes_on(
    in_groups: Dataset, tmp_path: Path, steps: list[int]
) -> None:
    config = replace(CONFIG, epochs=2, batch_size=2, lr=1e-4)  # 80 steps an epoch, then 100
    whole = run(in_groups, tmp_path / "whole", config)
    assert whole.best_epoch == 2
    (tmp_path / "parts").mkdir()
    for at in steps:
        with pytest.raises(KeyboardInterrupt):
            train(config, in_groups, run_dir=tmp_path / "parts", progress=broken_off(at))
    train(config, in_groups, run_dir=tmp_path / "parts")
    for name in ("best.pt", "results.csv"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes()
    logs = [(tmp_path / name / "train.log").read_text() for name in ("whole", "parts")]
    said = [[line.rpartition("  ")[0] for line in log.splitlines()] for log in logs]
    assert said[0] == said[1]  # all but the seconds


def test_progress_counts_both_stages(in_groups: Dataset, tmp_path: Path) -> None:
    told = []
    config = replace(CONFIG, epochs=2, batch_size=2, lr=1e-4)
    run(in_groups, tmp_path / "run", config, progress=lambda *words: told.append(words[:2]))
    assert told[-1] == (2 * 80 + 2 * 100, 2 * 80 + 2 * 100)
    assert {total for _, total in told} == {360}
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_without_a_test_the_network_that_val_measured_is_kept(
    in_groups: Dataset, tmp_path: Path
) -> None:
    splits = np.where(in_groups.splits == "test", "", in_groups.splits)
    untested = replace(in_groups, splits=splits)
    result = run(untested, tmp_path / "auto", replace(CONFIG, epochs=1))
    assert result.learned_from == ("train",)
    # Where it is asked for, val is read by the first network, and the final one is kept.
    always = run(untested, tmp_path / "always", replace(CONFIG, epochs=1, refit="always"))
    assert always.learned_from == ("train", "val")
    assert (always.measured_on, always.val_accuracy) == ("val", result.val_accuracy)
    first, second = (
        json.loads((tmp_path / name / "metrics.json").read_text())["confusion_matrix"]
        for name in ("auto", "always")
    )
    assert first == second
    assert (tmp_path / "auto" / "best.pt").read_bytes() != (
        tmp_path / "always" / "best.pt"
    ).read_bytes()


def test_the_rate_of_the_final_network_follows_the_losses_on_val(
    in_groups: Dataset, tmp_path: Path
) -> None:
    config = replace(
        CONFIG, epochs=6, schedule="plateau", lr=0.05, optimizer="sgd", plateau_patience=0
    )
    result = run(in_groups, tmp_path / "run", replace(config, refit="always"))
    with open(tmp_path / "run" / "results.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    rates = [row["lr"] for row in rows]
    assert rates[6:] == rates[: result.best_epoch]


def test_a_last_pt_of_before_there_was_a_final_network_goes_on(
    data: Dataset, tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    with pytest.raises(KeyboardInterrupt):
        train(LONG, data, run_dir=tmp_path / "run", progress=broken_off(160))
    file = tmp_path / "run" / "last.pt"
    state = torch.load(file, weights_only=True)
    del state["final"], state["choosing"], state["config"]["refit"]
    state["best"]["correct"] = 40
    for row in state["history"]:
        del row["lr"], row["seconds"]
    torch.save(state, file)
    result = train(LONG, data, run_dir=tmp_path / "run")
    assert result.epochs == 3
    with open(tmp_path / "run" / "results.csv", newline="") as file:
        rates = [row["lr"] for row in csv.DictReader(file)]
    assert rates[:2] == ["", ""]
    assert float(rates[2]) < 0.01


def test_a_second_signal_acts_at_once() -> None:
    with Pause():
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_run_goes_on_with_its_own_split_and_classes_only(data: Dataset, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with pytest.raises(KeyboardInterrupt):
        train(LONG, data, run_dir=tmp_path / "run", progress=broken_off(80))
    before = (tmp_path / "run" / "last.pt").read_bytes()
    moved = replace(data, splits=np.roll(data.splits, 1))
    renamed = replace(data, classes=("A", "B", "C", "E"))
    for other in (moved, renamed):
        with pytest.raises(SourceChangedError, match="another split or other classes") as caught:
            train(LONG, other, run_dir=tmp_path / "run")
        assert "\n" not in str(caught.value)
    with pytest.raises(OutputError, match="started with another epochs and lr"):
        train(replace(LONG, lr=0.5, epochs=9), data, run_dir=tmp_path / "run")
    assert (tmp_path / "run" / "last.pt").read_bytes() == before
    (tmp_path / "run" / "last.pt").write_bytes(before[:1000])
    with pytest.raises(OutputError, match=r"last.pt cannot be read"):
        train(LONG, data, run_dir=tmp_path / "run")


# ---------------------------------------------------------------------------- clips and poses


@pytest.fixture
def clips(data: Dataset, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """Clips of three frames; `tiny` and `tinypose` are networks for them."""
    for name in ("Tiny", "TinyPose"):
        monkeypatch.setitem(models.MODELS, name.lower(), f"tests.training.tiny:{name}")
    return replace(data, images=np.stack([data.images] * 3, axis=1)[..., ::2, ::2])


def test_clips_are_learned(clips: Dataset, tmp_path: Path) -> None:
    result = run(clips, tmp_path / "run", replace(CONFIG, model="tiny", lr=1e-2))
    assert result.test_accuracy > 0.9


def test_poses_are_learned_beside_the_classes(clips: Dataset, tmp_path: Path) -> None:
    poses = np.full((240, 252), np.nan, np.float32)
    poses[:, 0] = clips.labels / 4
    config = replace(CONFIG, model="tinypose", lr=1e-2, epochs=6)
    run(replace(clips, poses=poses), tmp_path / "run", config)
    saved = torch.load(tmp_path / "run" / "best.pt", weights_only=True)
    network = model_class("tinypose")(4)
    network.load_state_dict(saved["state_dict"])
    _, told = network.eval()(prepare(torch.from_numpy(clips.images), "none", "unit"))
    error = told[:, 0].detach().numpy() - poses[:, 0]
    assert np.abs(error).mean() < 0.15
    with pytest.raises(UsageError, match="poses"):
        run(clips, tmp_path / "none", config)


def test_points_that_were_not_found_are_no_target() -> None:
    poses = torch.tensor([[0.5, 0.5], [1.0, 0.0]], requires_grad=True)
    loss = pose_loss(poses, torch.tensor([[0.0, float("nan")], [float("nan"), float("nan")]]))
    assert loss.item() == 0.25
    loss.backward()
    assert poses.grad.tolist() == [[1.0, 0.0], [0.0, 0.0]]
    assert pose_loss(poses, torch.full((2, 2), float("nan"))).item() == 0


def test_what_does_not_fit_is_streamed_and_learned_alike(data: Dataset, tmp_path: Path) -> None:
    store = np.memmap(tmp_path / "pixels", np.uint8, "w+", shape=data.images.shape)
    store[:] = data.images
    for name, images in (("memory", data.images), ("streamed", store)):
        run(replace(data, images=images), tmp_path / name, replace(CONFIG, epochs=2))
    for name in ("best.pt", "results.csv"):
        first, second = (tmp_path / each / name for each in ("memory", "streamed"))
        assert first.read_bytes() == second.read_bytes()


def test_an_error_while_streaming_is_raised_and_ends_the_thread(data: Dataset) -> None:
    part = Part(data, data.splits == "train", torch.device("cpu"))
    part._images, part.streamed = None, True
    batches = part.batches(torch.arange(160).split(8))
    next(batches)
    batches.close()
    assert "signdata-feed" not in [thread.name for thread in threading.enumerate()]
    with pytest.raises(IndexError):
        list(part.batches([torch.tensor([1000])]))
