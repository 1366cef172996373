"""Who may import whom, read from the source with `ast`; drawn in docs/architecture.md."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import signdata
from signdata.cli import COMMANDS
from signdata.formats.registry import READERS, WRITERS

ROOT = Path(signdata.__file__).parent
CODECS = {"PIL", "av", "cv2", "ffmpeg", "imageio_ffmpeg", "simplejpeg"}
FORMATS = {entry.partition(":")[0] for entry in (*READERS.values(), *WRITERS.values())}


def imports(path: Path) -> set[str]:
    """Modules that a file imports: ``signdata.x.y`` for ours, the top name for others."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            assert node.module
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in FILES else node.module for name in names}
    return {name if name.startswith("signdata") else name.partition(".")[0] for name in found}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


FILES = {module_name(path): path for path in sorted(ROOT.rglob("*.py"))}
IMPORTS = {name: imports(path) for name, path in FILES.items()}


def ours(name: str) -> set[str]:
    return {other for other in IMPORTS[name] if other.startswith("signdata")}


def room(name: str) -> list[str]:
    """A module and all below it."""
    found = [other for other in FILES if other == name or other.startswith(f"{name}.")]
    assert found, f"no room {name}"
    return found


@pytest.mark.parametrize(
    ("module", "allowed"),
    [
        ("errors", set()),
        ("labels", set()),
        ("memory", set()),
        ("parallel", {"memory"}),
        ("samples", {"errors"}),
        ("names", {"errors"}),
        ("files", {"errors"}),
        ("splitting", {"errors", "samples"}),
        ("grouped", {"splitting"}),
        ("results", {"errors"}),
        ("boxes", {"errors", "samples"}),
        ("thinning", set()),
        ("duplicates", {"parallel", "thinning"}),
        ("leaks", {"duplicates"}),
        ("probing", {"duplicates"}),
        ("journal", {"files", "manifest", "results"}),
        ("locking", {"errors", "files"}),
    ],
)
def test_the_ground_floor_knows_only_what_lies_below(module: str, allowed: set[str]) -> None:
    assert ours(f"signdata.{module}") <= {f"signdata.{name}" for name in allowed}


@pytest.mark.parametrize(
    "name", ["labels", "splitting", "grouped", "duplicates", "leaks", "probing", "grouping"]
)
def test_decisions_touch_no_file_and_no_codec(name: str) -> None:
    assert not IMPORTS[f"signdata.{name}"] & {"os", "pathlib", "io", "shutil", *CODECS}


@pytest.mark.parametrize("name", room("signdata.formats.registry"))
def test_formats_know_neither_the_loop_nor_each_other(name: str) -> None:
    above = {"api", "cli", "datasets", "output", "pipeline", "recognition", "splits", "training"}
    assert not {other.split(".")[1] for other in ours(name) if "." in other} & above
    shared = {"signdata.formats.videos"} if name == "signdata.formats.wlasl.reader" else set()
    assert not ours(name) & (FORMATS - {name} - shared)


@pytest.mark.parametrize("name", ["pipeline", "working", "parallel", "output", "journal"])
def test_the_loop_knows_no_format_by_name(name: str) -> None:
    assert not ours(f"signdata.{name}") & FORMATS


@pytest.mark.parametrize("name", room("signdata.magick"))
def test_arithmetic_knows_no_sample_and_no_picture_file(name: str) -> None:
    assert ours(name) <= {*room("signdata.magick"), "signdata.errors"}
    if name != "signdata.magick.recipe":  # a recipe may be a file
        assert not IMPORTS[name] & {"os", "pathlib", "io", "subprocess", *CODECS}


def test_what_varies_and_describes_knows_no_format_by_name() -> None:
    for name in ("augmenting", "describing", "boxes", "transforms.variants"):
        assert not ours(f"signdata.{name}") & FORMATS, name
    for name in room("signdata.transforms"):
        assert not IMPORTS[name] & {"os", "pathlib", "io", "subprocess"}, name


def test_only_augment_varies() -> None:
    users = {name for name in FILES if ours(name) & set(room("signdata.magick"))}
    allowed = {"augmenting", "transforms.variants"}
    inside = {*room("signdata.magick"), *room("signdata.training")}
    assert users - inside <= {f"signdata.{name}" for name in allowed}


def test_only_the_command_line_knows_click_and_tqdm() -> None:
    users = {name for name in FILES if IMPORTS[name] & {"click", "tqdm"}}
    assert users <= set(room("signdata.cli"))
    assert {name for name in FILES if "signdata.cli" in ours(name)} <= {
        *room("signdata.cli"),
        "signdata.__main__",
    }


def test_commands_call_the_library_and_nothing_behind_it() -> None:
    for name in room("signdata.cli"):
        if name.endswith("_command"):
            assert ours(name) <= {"signdata", "signdata.cli", "signdata.cli.options"}, name


def test_torch_lives_in_training() -> None:
    users = {name for name in FILES if IMPORTS[name] & {"torch", "sklearn", "torchvision"}}
    assert users <= set(room("signdata.training"))


def test_codecs_live_in_media() -> None:
    users = {name for name in FILES if IMPORTS[name] & CODECS}
    assert users <= {*room("signdata.media"), *room("signdata.synthetic")}


def test_made_up_data_knows_no_reader_and_no_writer() -> None:
    for name in room("signdata.synthetic"):
        assert not ours(name) & {
            *room("signdata.formats.registry"),
            "signdata.conversion.pipeline",
        }, name


def test_no_module_bears_the_name_of_a_command() -> None:
    functions = {name.replace("-", "_") for name in COMMANDS}
    assert not {name.rpartition(".")[2] for name in FILES} & functions


def test_what_is_public_is_there() -> None:
    assert sorted(signdata.__all__) == signdata.__dir__()
    assert set(signdata.__all__) - {"__version__"} == set(signdata._PUBLIC)
    for name, module in signdata._PUBLIC.items():
        assert getattr(signdata, name).__module__.startswith(module.split(".")[0]), name
    with pytest.raises(AttributeError, match="nonsense"):
        _ = signdata.nonsense
