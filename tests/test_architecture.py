"""Who may import whom, read from the source with `ast`; drawn in docs/architecture.md."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import signdata
from signdata.cli.app import COMMANDS

ROOT = Path(signdata.__file__).parent
CODECS = {"PIL", "av", "cv2", "ffmpeg", "imageio_ffmpeg", "simplejpeg"}

LEVELS = [
    {"errors", "labels", "plurals", "version"},
    {"bars", "notebooks", "workers"},
    {"calls", "columns", "downloads", "filesystem", "fonts", "limits", "magick"}
    | {"results", "row_blocks", "safe_names", "samples", "values"},
    {"stores"},
    {"command_results", "sidecars", "options", "media"},
    {"formats", "charts"},
    {"output", "similarity"},
    {"conversion", "splitting", "auditing", "augmentation", "inspection", "synthetic"},
    {"extraction", "training"},
    {"inference", "pages"},
    {"serving"},
    {"commands", "numpy", "torch"},
    {"__init__"},
    {"cli"},
    {"__main__"},
]
"""Packages and the modules at the root, from the ground up."""


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


FILES = {module_name(path): path for path in sorted(ROOT.rglob("*.py"))}


def imports(path: Path) -> set[str]:
    """What a file imports anywhere, also inside functions and for types alone.

    ``signdata.x.y`` for our modules, the top name for others.
    """
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


IMPORTS = {name: imports(path) for name, path in FILES.items()}


def ours(name: str) -> set[str]:
    return {other for other in IMPORTS[name] if other.startswith("signdata")}


def room(name: str) -> list[str]:
    """A module and all below it."""
    found = [other for other in FILES if other == name or other.startswith(f"{name}.")]
    assert found, f"no room {name}"
    return found


def top(name: str) -> str:
    """The package or root module that a module belongs to."""
    return name.split(".")[1] if "." in name else "__init__"


def level(name: str) -> int:
    for number, rooms in enumerate(LEVELS):
        if top(name) in rooms:
            return number
    raise AssertionError(f"{name} stands on no level: add its package to LEVELS")


@pytest.mark.parametrize("name", FILES)
def test_arrows_point_down(name: str) -> None:
    upward = [
        other for other in ours(name) if top(other) != top(name) and level(other) >= level(name)
    ]
    assert not upward, f"{name} imports what is on the same level or above"


def test_no_import_goes_in_a_circle() -> None:
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> None:
        assert name not in path, " -> ".join([*path[path.index(name) :], name])
        if name not in done:
            for other in sorted(ours(name)):
                visit(other, [*path, name])
            done.add(name)

    for name in FILES:
        visit(name, [])


@pytest.mark.parametrize(
    "name",
    ["labels", "splitting.stratified", "splitting.grouped", "splitting.groups", "similarity"],
)
def test_decisions_touch_no_file_and_no_codec(name: str) -> None:
    for module in room(f"signdata.{name}"):
        if module == "signdata.similarity.fingerprints":  # reads every sample once
            continue
        assert not IMPORTS[module] & {"os", "pathlib", "io", "shutil", *CODECS}, module


FORMATS = {"csv", "hdf5", "wlasl", "folders", "frames", "videos"}


def format_of(name: str) -> str:
    parts = name.split(".")
    return parts[2] if len(parts) > 2 and parts[1] == "formats" and parts[2] in FORMATS else ""


@pytest.mark.parametrize("name", room("signdata.formats"))
def test_formats_know_each_other_only_where_one_is_made_of_the_other(name: str) -> None:
    others = {format_of(other) for other in ours(name)} - {"", format_of(name)}
    if format_of(name):
        # A WLASL index is a list of videos: it borrows how they are read.
        assert others <= ({"videos"} if format_of(name) == "wlasl" else set())


@pytest.mark.parametrize("room_name", ["conversion", "output", "workers", "augmentation"])
def test_the_loop_knows_no_format_by_name(room_name: str) -> None:
    for name in room(f"signdata.{room_name}"):
        assert not {other for other in ours(name) if format_of(other)}, name


@pytest.mark.parametrize("name", room("signdata.magick"))
def test_arithmetic_knows_no_sample_and_no_picture_file(name: str) -> None:
    assert ours(name) <= {*room("signdata.magick"), "signdata.errors"}
    if name != "signdata.magick.recipe":  # a recipe may be a file
        assert not IMPORTS[name] & {"os", "pathlib", "io", "subprocess", *CODECS}


def test_only_augmentation_varies_pictures() -> None:
    users = {name for name in FILES if ours(name) & set(room("signdata.magick"))}
    inside = {*room("signdata.magick"), *room("signdata.training"), *room("signdata.augmentation")}
    assert users <= inside


def test_only_the_command_line_knows_click() -> None:
    users = {name for name in FILES if IMPORTS[name] & {"click"}}
    assert users <= set(room("signdata.cli"))


def test_only_bars_know_tqdm_and_notebooks() -> None:
    users = {name for name in FILES if IMPORTS[name] & {"tqdm", "ipywidgets", "IPython"}}
    assert users == {"signdata.bars"}


def test_commands_call_the_library_and_nothing_behind_it() -> None:
    for name in room("signdata.cli"):
        if name.endswith("_command"):
            shown = {
                "signdata.cli",
                "signdata.cli.options",
                "signdata.cli.display",
                "signdata.cli.help",
                "signdata.options",
            }
            assert ours(name) <= {"signdata", *shown}, name


def test_torch_lives_in_training_and_inference() -> None:
    users = {name for name in FILES if IMPORTS[name] & {"torch", "sklearn", "torchvision"}}
    rooms = {*room("signdata.training"), *room("signdata.inference")}
    assert users <= {*rooms, "signdata.torch"}


def test_codecs_live_in_media() -> None:
    users = {name for name in FILES if IMPORTS[name] & CODECS}
    assert users <= {*room("signdata.media"), *room("signdata.synthetic")}


def test_made_up_data_knows_no_reader_and_no_writer() -> None:
    for name in room("signdata.synthetic"):
        assert not ours(name) & {*room("signdata.formats"), *room("signdata.conversion")}, name


def test_no_module_bears_the_name_of_a_command() -> None:
    functions = {name.replace("-", "_") for name in COMMANDS}
    direct = {name.rpartition(".")[2] for name in FILES if name.count(".") == 1}
    assert not direct & functions


def test_what_is_public_is_there() -> None:
    assert sorted(signdata.__all__) == signdata.__dir__()
    assert set(signdata.__all__) - {"__version__"} == {*signdata._PUBLIC, *signdata._LOADERS}
    for name, module in signdata._PUBLIC.items():
        assert getattr(signdata, name).__module__.startswith(module.split(".")[0]), name
    with pytest.raises(AttributeError, match="nonsense"):
        _ = signdata.nonsense
