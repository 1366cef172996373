"""``signdata serve``: its link, its end, and what it refuses before it starts."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from signdata.formats.corrections import Correction, write_corrections
from tests.conftest import Ran


def begin(*words: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "signdata", "serve", *map(str, words), "--no-open"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def end(process: subprocess.Popen[str], number: int = signal.SIGINT) -> Ran:
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    return Ran(process.returncode, out, err)


def test_it_prints_one_link_and_ends_with_130(
    make_tree: Callable[..., Path], tmp_path: Path
) -> None:
    file = tmp_path / "fixes.csv"
    write_corrections(file, [Correction("A/0", "A", "exclude")])
    process = begin(make_tree(), "--corrections", file)
    link = first_line(process)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{32}", link)
    with httpx2.Client(follow_redirects=True) as browser:
        page = browser.get(link, timeout=60)
        assert page.status_code == 200
        assert "token=" not in str(page.url)
        assert browser.get(link.partition("?")[0] + "api/dataset").json()["marks"]["n"] == 1
    done = end(process)
    assert done.returncode == 130
    assert done.stdout == f"1 mark in {file}\n"
    assert done.stderr == ""


def test_sigterm_ends_it_with_143_and_json_is_one_object(make_csv: Callable[..., Path]) -> None:
    process = begin(make_csv(), "--json", "--no-audit")
    assert process.stderr is not None
    assert process.stderr.readline().startswith("http://127.0.0.1:")
    done = end(process, signal.SIGTERM)
    assert done.returncode == 143
    found = json.loads(done.stdout)
    assert (found["command"], found["marks"], found["corrections"]) == ("serve", 0, None)


def test_it_can_be_told_its_port_and_says_when_that_is_taken(
    make_tree: Callable[..., Path],
) -> None:
    tree = make_tree()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = end_now(begin(tree, "--port", str(port)))
        assert done.returncode == 5
        assert done.error == (f"error: port {port} is taken. Leave out --port to get a free one.")
    process = begin(tree, "--port", str(port), "--no-audit")
    assert first_line(process).startswith(f"http://127.0.0.1:{port}/")
    done = end(process)
    assert (done.returncode, done.stdout) == (130, "no marks\n")


def end_now(process: subprocess.Popen[str]) -> Ran:
    out, err = process.communicate(timeout=60)
    return Ran(process.returncode, out, err)


def test_another_address_is_warned_of(make_tree: Callable[..., Path]) -> None:
    process = begin(make_tree(), "--host", "0.0.0.0", "--no-audit")
    link = first_line(process)
    assert link.startswith("http://0.0.0.0:")
    base = link.partition("?")[0].replace("0.0.0.0", "127.0.0.1")
    assert httpx2.get(f"{base}api/dataset").status_code == 401
    done = end(process)
    assert "can be reached from other machines" in done.stderr


def test_what_cannot_be_served_is_told_before_it_starts(
    cli: Callable[..., Ran], make_tree: Callable[..., Path], tmp_path: Path
) -> None:
    tree = make_tree()
    assert cli("serve", tmp_path / "nothing").returncode == 4
    assert cli("serve", tree, "--host", "not an address").returncode == 2
    assert cli("serve").returncode == 2
    inside = cli("serve", tree, "--corrections", tree / "fixes.csv")
    assert inside.returncode == 2
    stale = tmp_path / "stale.csv"
    write_corrections(stale, [Correction("A/0", "Z", "exclude")])
    done = cli("serve", tree, "--corrections", stale)
    assert done.returncode == 4
    assert "stale.csv" in done.error
    assert "'Z'" in done.error
    assert cli("serve", tree, "--model", tmp_path / "no.onnx").returncode == 4


def test_nothing_is_left_running(make_tree: Callable[..., Path]) -> None:
    tree = make_tree({f"A/{i}.jpg": b"" for i in range(3)})
    process = begin(tree)
    link = first_line(process)
    token = link.partition("=")[2]
    httpx2.get(
        f"{link.partition('?')[0]}api/sheet",
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
    )
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    running = [int(pid) for pid in children.read_text().split()] if children.exists() else []
    assert end(process, signal.SIGTERM).returncode == 143
    assert not [pid for pid in running if Path(f"/proc/{pid}").exists()]


@pytest.mark.parametrize("word", ["--help"])
def test_help_imports_no_server(cli: Callable[..., Ran], word: str) -> None:
    code = (
        "import sys; from signdata.cli.errors import main\n"
        f"try: main(['serve', {word!r}])\n"
        "except SystemExit: pass\n"
        "assert not {'starlette', 'uvicorn', 'jinja2', 'numpy'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_without_the_extra_it_says_what_to_install(
    make_tree: Callable[..., Path], main: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    done = main("serve", make_tree())
    assert done.returncode == 2
    assert done.error.endswith("serve needs it. pip install 'signdata[serve]'")
