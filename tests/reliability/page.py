"""What was attacked, and what held: ``python3 tasks.py promises`` runs this.

    python -m tests.reliability.page              make all attacks, print the page, write it
    python -m tests.reliability.page R1 R9        only these; the other lines stay
    python -m tests.reliability.page --check      fail unless the page says that all held

Each line of the page is measured by the tests that hold the promise, with larger numbers; it is
written into ``docs/promises.md`` between two marks.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "promises.md"
START, END = "<!-- attacks: start -->\n", "<!-- attacks: end -->\n"
HEAD = "| | attack | tried | held | command |\n|---|---|---|---|---|\n"
HERE = "tests/reliability"


@dataclass(frozen=True)
class Attack:
    """One line of the page.

    Attributes
    ----------
    what : str
        What is done.
    tests : tuple of str
        The tests that do it.
    times : int
        How many times as many attacks as in a usual run of the tests.
    least : int
        Attacks that must at least be made.
    """

    what: str
    tests: tuple[str, ...]
    times: int
    least: int


EVERY = f"{HERE}/test_every_writer.py"
ATTACKS = {
    "R1": Attack(
        "`kill -9` at a change of a file, in every command that writes: nothing unfinished under "
        "a final name, and the same command ends with the same bytes",
        (f"{EVERY}::test_killed_at_any_change",),
        9,
        200,
    ),
    "R2": Attack(
        "the system refuses a change (full, broken, no access), in every command that writes: one "
        "line, and the same command finishes",
        (f"{EVERY}::test_any_change_may_be_refused",),
        12,
        300,
    ),
    "R3": Attack(
        "a real disk that is too small, for every command that writes: one line, and the same "
        "command finishes when it has grown",
        (f"{EVERY}::test_a_disk_that_is_too_small",),
        4,
        100,
    ),
    "R4": Attack(
        "spoiled files, 10,000 for each reader: read, or refused in one line, within 20 s and "
        "6 GiB of addresses",
        ("tests/formats/test_mutants.py",),
        5,
        60_000,
    ),
    "R5": Attack(
        "spoiled networks, 10,000 ONNX and 10,000 `.pt` files: one answers, or is refused in one "
        "line, within 20 s and 2 GiB; one that ends its process is refused by `predict` as well",
        ("tests/inference/test_mutants.py",),
        5,
        20_000,
    ),
    "R7": Attack(
        "100 times the input: no process takes more than 1.1 times the memory",
        (f"{HERE}/test_memory.py",),
        2,
        4,
    ),
    "R8": Attack(
        "a sample kills its worker: it alone is lost, and named",
        (f"{HERE}/test_workers.py::test_a_deadly_item_among_many_workers",),
        10,
        20,
    ),
    "R9": Attack(
        "Ctrl-C or SIGTERM at any moment of a long command: it ends within 5 s, and no process "
        "stays",
        (f"{HERE}/test_interrupt.py::test_interrupted_at_any_moment",),
        10,
        50,
    ),
    "R11": Attack(
        "a command started twice at once: one writes, the other is refused or finds it done",
        (f"{HERE}/test_double_start.py",),
        4,
        20,
    ),
    "R12": Attack(
        "a store behind a network that fails (503, reset, cut, a flipped bit, a lost answer, each "
        "at every 2nd to 20th request), publishers killed and raced: a dataset is there whole or "
        "not at all, no wrong byte is read, and the same command finishes",
        (
            "tests/stores/test_fetching.py::test_a_bad_network_spoils_nothing",
            "tests/stores/test_publishing.py::test_a_bad_network_publishes_all_or_nothing",
            "tests/stores/test_publishing.py::test_killed_at_any_moment",
            "tests/stores/test_publishing.py::test_two_at_once",
        ),
        2,
        400,
    ),
    "R13": Attack(
        "`kill -9` of a worker of a cluster, a worker's nanny, the scheduler or the command at any "
        "moment, 20 times each: the same command, there or on one machine alone, ends with the "
        "same bytes",
        tuple(
            f"{HERE}/test_cluster.py::test_killed_at_any_moment_of_a_run_on_a_cluster[{name}]"
            for name in ("worker", "nanny", "scheduler", "driver")
        ),
        20,
        80,
    ),
}


def measure(name: str) -> tuple[str, bool]:
    """Make the attacks of one line; return it, and whether it is as it should be."""
    attack = ATTACKS[name]
    with tempfile.TemporaryDirectory() as folder:
        tally = Path(folder) / "tally"
        around = {
            **os.environ,
            "SIGNDATA_TALLY": str(tally),
            "SIGNDATA_ATTACKS": str(attack.times),
            "SIGNDATA_MUTANTS": str(2000 * attack.times),
        }
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *attack.tests]
        passed = subprocess.run(command, cwd=ROOT, env=around).returncode == 0
        lines = tally.read_text().splitlines() if tally.exists() else []
    counts: Counter[str] = Counter()
    ratios = []
    for line in map(json.loads, lines):
        counts.update(tried=line["tried"], held=line["held"])
        ratios += [line["ratio"]] if "ratio" in line else []
    held = f"{counts['held']:,}"
    if ratios:
        held += f"; {', '.join(f'{ratio:.2f}' for ratio in ratios)} times"
    if not lines:
        held = "not tried: it cannot be done here"
    row = (
        f"| {name} | {attack.what} | {counts['tried']:,} | {held} | `tasks.py promises {name}` |\n"
    )
    as_wanted = counts["tried"] >= attack.least and counts["held"] == counts["tried"]
    return row, passed and (as_wanted or not lines)


def rows_of(text: str) -> dict[str, str]:
    """The lines of the page by name."""
    within = text.partition(START)[2].partition(END)[0]
    return {row.split("|")[1].strip(): f"{row}\n" for row in within.splitlines()[2:]}


def fault_of(text: str) -> str:
    """Why a page does not say that all held, or ''."""
    rows = rows_of(text)
    for name, attack in ATTACKS.items():
        cells = [cell.strip() for cell in rows.get(name, "").split("|")]
        if len(cells) < 6 or cells[2] != attack.what:
            return f"{name} is missing, or is not what is attacked"
        tried, held = (int(re.sub(r"\D.*", "", cell.replace(",", "")) or 0) for cell in cells[3:5])
        if tried < attack.least or held != tried:
            return f"{name}: {held} of {tried} held; expected all of at least {attack.least}"
    return ""


def main(words: list[str]) -> int:
    text = PAGE.read_text(encoding="utf-8")
    if words == ["--check"]:
        fault = fault_of(text)
        print(fault or "all held")
        return bool(fault)
    unknown = [word for word in words if word not in ATTACKS]
    if unknown:
        print(f"{unknown[0]}; expected some of {', '.join(ATTACKS)}")
        return 2
    ended_well = True
    for name in words or ATTACKS:
        row, as_wanted = measure(name)
        ended_well &= as_wanted
        text = PAGE.read_text(encoding="utf-8")
        rows = {**rows_of(text), name: row}
        page = HEAD + "".join(rows[name] for name in ATTACKS if name in rows)
        before, _, rest = text.partition(START)
        text = f"{before}{START}{page}{END}{rest.partition(END)[2]}"
        PAGE.write_text(text, encoding="utf-8")
        print(row, end="", flush=True)
    print(f"\n{HEAD}{''.join(rows_of(text).values())}", end="")
    return not ended_well


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
