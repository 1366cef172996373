"""The commands of a working copy; needs nothing but Python.

    python3 tasks.py demo      the whole way on synthetic data, and where to look
    python3 tasks.py test      ruff, mypy and pytest
    python3 tasks.py browser   report and app in a real browser
    python3 tasks.py bench     every bulk job against the usual way
    python3 tasks.py docs      write the command reference anew from --help
    python3 tasks.py fuzz      every reader on 10,000 spoiled files, and networks
    python3 tasks.py promises  every promise attacked, and what held: into docs/promises.md
    python3 tasks.py oracle    signdata.magick against whichever ImageMagick is installed

Each makes `.venv` first, and installs into it again only when `pyproject.toml`
or `constraints.txt` has changed. Further words go to the tool behind:
`python3 tasks.py test -k csv`.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "installed.sha256"


def run(*words: str | Path) -> None:
    """Run a command in the working copy; end with its exit status when it fails."""
    print("$", " ".join(map(str, words)), flush=True)
    status = subprocess.run([str(word) for word in words], cwd=ROOT).returncode
    if status:
        sys.exit(status)


def install() -> None:
    """Make `.venv` and install the project with everything its tests need."""
    wanted = hashlib.sha256(
        (ROOT / "pyproject.toml").read_bytes() + (ROOT / "constraints.txt").read_bytes()
    ).hexdigest()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return
    if not PYTHON.exists():
        venv.create(VENV, with_pip=True)
    words = ("install", "-q", "--no-compile", "-e", ".[test]", "-c", "constraints.txt")
    run(PYTHON, "-m", "pip", *words)
    STAMP.write_text(wanted)


def demo(*words: str) -> None:
    run(PYTHON, "-m", "signdata", "demo", *words)


def for_many_processes() -> None:
    """What the many Pythons that the tests start need, so that none waits for another.

    Modules are compiled once. Libraries that would start a thread for each core, in each of as
    many processes as there are cores, start one.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def test(*words: str) -> None:
    for_many_processes()
    run(PYTHON, "-m", "ruff", "check", ".")
    run(PYTHON, "-m", "ruff", "format", "--check", ".")
    run(PYTHON, "-m", "mypy")
    many = str((os.cpu_count() or 1) + 1)  # while one waits for a process that is killed
    run(PYTHON, "-m", "pytest", "-n", many, "--dist", "worksteal", *words)


def browser(*words: str) -> None:
    """Tests in a browser, in a process of their own; skipped where there is none."""
    for_many_processes()
    run(PYTHON, "-m", "tests.browser.prepare")
    os.environ["SIGNDATA_BROWSER"] = "1"
    run(PYTHON, "-m", "pytest", "-n", "2", "--dist", "loadfile", "tests/browser", "-rs", *words)


def bench(*words: str) -> None:
    run(PYTHON, "-m", "benchmarks", *words)


def docs(*words: str) -> None:
    run(PYTHON, "-m", "docs.reference", *words)


def oracle(*words: str) -> None:
    run(PYTHON, "-m", "tests.magick.oracle", *words)


def fuzz(*words: str) -> None:
    os.environ.setdefault("SIGNDATA_MUTANTS", "10000")
    tests = ("tests/formats/test_mutants.py", "tests/inference/test_mutants.py")
    run(PYTHON, "-m", "pytest", *tests, *words)


def promises(*words: str) -> None:
    run(PYTHON, "-m", "tests.reliability.page", *words)


TASKS = {
    "demo": demo,
    "test": test,
    "browser": browser,
    "bench": bench,
    "docs": docs,
    "oracle": oracle,
    "fuzz": fuzz,
    "promises": promises,
}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in TASKS:
        sys.exit(__doc__)
    install()
    TASKS[sys.argv[1]](*sys.argv[2:])
