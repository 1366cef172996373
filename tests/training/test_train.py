from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from signdata.errors import TrainingError, UsageError
from signdata.training.augmenting import prepare
from signdata.training.data import Dataset
from signdata.training.models import model_class
from signdata.training.train import Result, TrainConfig, one_cycle, train

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
    from signdata.training import train as room

    events = []
    original = room.evaluate

    def spy(network, part, n_classes):
        events.append(len(part))
        return original(network, part, n_classes)

    monkeypatch.setattr(room, "evaluate", spy)
    # 160 of train, 40 of val, and 37 of test, to tell the two apart.
    fewer = replace(data, splits=np.where(np.arange(240) >= 237, "", data.splits))
    run(fewer, tmp_path / "run", replace(CONFIG, epochs=3))
    assert events == [40, 40, 40, 160, 40, 37]


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
        "best.pt",
        "metrics.json",
        "results.csv",
    ]
    with open(tmp_path / "run" / "results.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]
    val = [float(row["val_accuracy"]) for row in rows]
    assert val[result.best_epoch - 1] == max(val) == result.val_accuracy
    assert max(val) not in val[result.best_epoch :]

    report = json.loads((tmp_path / "run" / "metrics.json").read_text())
    for key, value in json.loads(json.dumps(result.to_dict())).items():
        assert key == "run" or report[key] == value
    assert np.trace(report["confusion_matrix"]) == result.test_correct
    assert [report["per_class"][name]["support"] for name in report["classes"]] == [10] * 4
    assert {"seed", "versions", "device", "seconds", "samples_per_second"} <= report.keys()
    assert str(tmp_path) not in json.dumps(report)


def test_without_test_its_numbers_are_none(data: Dataset, tmp_path: Path) -> None:
    splits = np.where(data.splits == "test", "val", data.splits)
    result = run(replace(data, splits=splits), tmp_path / "run", replace(CONFIG, epochs=1))
    assert result.test_accuracy is result.test_correct is result.test_total is None
    assert result.measured_on == "val"
    assert result.notes == ("there is no test split, so there are no test numbers",)
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["test_accuracy"] is None


def test_progress_ends_with_the_last_step(data: Dataset, tmp_path: Path) -> None:
    told = []
    config = replace(CONFIG, epochs=2, batch_size=2)
    run(data, tmp_path / "run", config, progress=lambda *words: told.append(words))
    assert [step for step, _, _ in told] == [50, 80, 100, 150, 160]
    assert told[-1][1] == 160
    assert told[-1][2].startswith("epoch 2: val ")


def test_a_loss_that_is_no_number_ends_the_run(data: Dataset, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no longer a number in epoch 1"):
        run(data, tmp_path / "run", replace(CONFIG, lr=1e30))
    assert not list((tmp_path / "run").iterdir())


@pytest.mark.parametrize(
    "options",
    [{"epochs": 0}, {"batch_size": 0}, {"lr": 0}, {"augment": "heavy"}, {"device": "tpu"}],
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
