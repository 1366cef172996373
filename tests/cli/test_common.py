"""What all commands have in common."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import click
import pytest

from signdata.cli.app import COMMANDS, group
from signdata.version import __version__
from tests.conftest import picture


def test_no_command_shows_the_help(cli):
    done = cli()
    assert done.returncode in (0, 2)
    shown = done.stdout + done.stderr
    assert "\\n" not in shown
    assert all(f"\n  {name} " in shown for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_it_does_and_has_an_example(main, name):
    done = main(name, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: signdata {name} ")
    assert f"Example:\n    signdata {name}" in done.stdout
    assert main(name, "-h").stdout == done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_are_commands_that_parse(name):
    command = group.get_command(click.Context(group), name)
    assert command is not None
    assert command.help is not None
    lines = [line.split() for line in command.help.splitlines() if "signdata " in line]
    examples = [words[2:] for words in lines if words[:2] == ["signdata", name]]
    assert examples
    for words in examples:
        command.make_context(name, list(words))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_is_for(name):
    command = group.get_command(click.Context(group), name)
    assert command is not None
    mute = [
        p.name for p in command.params if isinstance(p, click.Option) and not (p.help or p.hidden)
    ]
    assert set(mute) <= {"device"}


def test_version(main):
    assert main("--version").stdout == f"signdata, version {__version__}\n"


def test_python_m_is_the_same(cli, main):
    assert cli("split", "--help").stdout == main("split", "--help").stdout


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("splt", "split"),
        ("csv2folders", "csv-to-folders"),
        ("verfy", "verify"),
        ("train", "baseline"),
    ],
)
def test_an_unknown_command_suggests_a_known_one(main, typed, meant):
    done = main(typed)
    assert done.returncode == 2
    assert f"Did you mean {meant!r}?" in done.error


@pytest.mark.parametrize(
    "words",
    [
        ["info"],
        ["convert", "one"],
        ["info", "--nonsense", "x"],
        ["convert", "a", "b", "--size", "28"],
        ["convert", "a", "b", "--size", "0x5"],
        ["convert", "a", "b", "--quality", "101"],
        ["convert", "a", "b", "--to", "videos"],
        ["split", "a", "b", "--mode", "move"],
        ["csv-to-folders", "a.csv", "b", "--workers", "0"],
        ["sample", "cats", "b"],
    ],
)
def test_wrong_words_are_one_line_and_2(main, words):
    done = main(*words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.error.endswith(f"See signdata {words[0]} --help.")


@pytest.mark.parametrize("words", [["info"], ["verify"], ["convert", "OUT"], ["baseline"]])
def test_a_source_that_is_not_there_is_one_line_and_4(main, tmp_path, words):
    done = main(words[0], tmp_path / "nowhere", *(tmp_path / word for word in words[1:]))
    assert done.returncode == 4
    assert done.error == f"error: {tmp_path / 'nowhere'}: not there"
    assert list(tmp_path.iterdir()) == []


def test_an_error_is_one_object_for_json_too(main, tmp_path):
    done = main("info", tmp_path / "nowhere", "--json")
    assert done.returncode == 4
    assert done.error
    (problem,) = done.json["problems"]
    assert (problem["kind"], problem["message"]) == ("error", "not there")


def test_a_bug_of_ours_is_one_object_for_json_too(main, make_csv, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("out of luck")

    monkeypatch.setattr("signdata.inspection.summary.describe", broken)
    done = main("info", make_csv(), "--json")
    assert done.returncode == 1
    assert "RuntimeError: out of luck. This is a bug of signdata" in done.error
    (problem,) = done.json["problems"]
    assert done.json["command"] == "info"
    assert problem["kind"] == "error"
    assert "out of luck" in problem["message"]


def test_debug_shows_where(cli, tmp_path):
    done = cli("info", tmp_path / "nowhere", "--debug")
    assert done.returncode != 0
    assert "Traceback" in done.stderr
    assert "MissingError" in done.stderr


def test_control_characters_in_names_do_not_reach_the_terminal(main, tmp_path):
    done = main("info", tmp_path / "a\x1b[31m\nb")
    assert "\\x1b[31m\\nb" in done.error


def terminal(tmp_path: Path, words: list[str], **environment: str) -> str:
    """Run the command line on a pseudo-terminal; what it showed."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "signdata", *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=tmp_path,
        env={**os.environ, "TERM": "xterm-256color", **environment},
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            data = os.read(ours, 65536)
        except OSError:  # the other side is closed
            break
        if not data:
            break
        shown += data
    os.close(ours)
    assert child.wait() == 0
    return shown.decode()


def test_no_color_is_honoured_on_a_terminal(make_csv, tmp_path):
    make_csv()
    shown = terminal(tmp_path, ["csv-to-folders", "pixels.csv", "out", "-j1"], NO_COLOR="1")
    assert "6 of 6 samples written" in shown
    assert "\x1b[3" not in shown  # a colour
    assert "\x1b[9" not in shown


def test_quiet_is_quiet_on_a_terminal(make_csv, tmp_path):
    make_csv()
    assert terminal(tmp_path, ["csv-to-folders", "pixels.csv", "out", "-j1", "--quiet"]) == ""
    assert (tmp_path / "out" / "A" / "000001.png").is_file()


def test_a_missing_output_is_said_to_be_missing(main, make_csv):
    said = "Missing argument 'OUT': the last path is the output."
    assert said in main("split", make_csv(), "--ratios", "50,50").stderr
    assert "Missing argument 'SRC...'" in main("split").stderr


def test_a_name_that_is_nearly_there_is_asked_for(main, tmp_path):
    (tmp_path / "sign_mnist_train.csv").write_text("label,pixel1\n0,0\n")
    done = main("info", tmp_path / "sign_mnist_trian.csv")
    assert done.returncode == 4
    assert done.error.endswith(f"not there. Did you mean {tmp_path / 'sign_mnist_train.csv'}?")
    assert main("info", tmp_path / "photos").error.endswith("photos: not there")


@pytest.mark.parametrize(
    ("words", "code", "what"),
    [
        (["info", "SRC", "--classes", "NAMES"], 0, ""),
        (["info", "NAME"], 4, "cannot be reached (File name too long)"),
        (["info", "SRC", "--rename", "NAME"], 4, "cannot be reached (File name too long)"),
        (["predict", "NAME", "SRC"], 4, "cannot be reached (File name too long)"),
        (["convert", "SRC", "NAME"], 5, "its name is too long"),
        (["report", "SRC", "-o", "NAME"], 5, "its name is too long"),
    ],
)
def test_a_name_longer_than_a_file_may_have(main, make_tree, words, code, what):
    classes = [f"class {number:03d}" for number in range(40)]
    tree = make_tree({f"{name}/1.png": picture(i) for i, name in enumerate(classes)})
    meant = {"SRC": str(tree), "NAMES": ",".join(classes), "NAME": "n" * 300}
    done = main(*(meant.get(word, word) for word in words))
    assert (done.returncode, what in done.stderr) == (code, True)
    assert "bug" not in done.stderr


def test_a_source_whose_own_name_is_not_utf_8(main, make_tree, tmp_path):
    tree = make_tree().rename(tmp_path / os.fsdecode(b"t\xff"))
    for place, words in (("a", ()), ("b", ("--to", "webdataset")), ("c.h5", ())):
        done = main("convert", tree, tmp_path / place, *words, "-j1")
        assert (done.returncode, done.stderr) == (0, "")
    again = main("replay", tmp_path / "a", "--source", f"t\\udcff={tree}", tmp_path / "d", "-j1")
    assert again.returncode == 0
    assert main("report", tree, "-o", tmp_path / "r.html").returncode == 0
