"""The journal: entries, packed rows, and what is left after a kill."""

from __future__ import annotations

import base64
import zlib

import pytest

from signdata.output.journal import Journal, JournalEntry, JournalRows, pack, unpack
from signdata.results import Problem

ROWS = JournalRows([{"id": "1", "label": "A\n\t"}, {"id": "2", "label": "B"}], [[3], [4, 5]])
LONG = JournalRows([{"id": f"{i * 7919 % 10007:x}" * 9} for i in range(2000)], [[1]] * 2000)
PROBLEM = Problem("a", "", "corrupt", "damaged")


@pytest.fixture
def path(tmp_path):
    journal = Journal(tmp_path / "journal")
    journal.add(JournalEntry("0", 2, 0, 0, [], 100), pack(ROWS))
    journal.add(JournalEntry("64", 2003, 1, 2, [PROBLEM], 90), pack(LONG))
    journal.close()
    return tmp_path / "journal"


def test_rows_come_back_as_they_were():
    assert unpack(pack(ROWS)) == ROWS
    assert not {*b"\t\n"} & {*pack(ROWS)}


def test_rows_that_an_earlier_version_compressed_are_read():
    old = base64.b64encode(zlib.compress(pack(LONG)))
    assert unpack(old) == LONG


def test_a_journal_is_read_back(path):
    journal = Journal(path)
    assert (len(journal), "64" in journal, "128" in journal) == (2, True, False)
    assert (journal.read, journal.skipped, journal.failed) == (2005, 1, 2)
    assert (journal.problems, journal.end) == ([PROBLEM], 100)
    assert (journal.rows_of("0"), journal.rows_of("64")) == (ROWS, LONG)
    assert journal.rows_of("128") == JournalRows([], [])
    assert (journal.sizes_of("0"), journal.sizes_of("128")) == (ROWS.sizes, [])
    assert [key for key, _ in journal.rows()] == ["0"] * 2 + ["64"] * 2000
    journal.close()


@pytest.mark.parametrize("cut", [1, 50, 3000])
def test_a_torn_line_is_dropped_and_written_again(path, cut):
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    journal = Journal(path)
    assert (len(journal), journal.read, journal.problems) == (1, 2, [])
    journal.add(JournalEntry("64", 2003, 1, 2, [PROBLEM], 90), pack(LONG))
    journal.close()
    assert path.read_bytes() == whole
