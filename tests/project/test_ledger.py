import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_vessel.errors import WriteError
from napari_vessel.geometry import Box
from napari_vessel.project import BlockLedger

A, B = Box((0, 0, 0), (4, 8, 8)), Box((4, 0, 0), (8, 8, 8))


def test_what_was_recorded_is_read_again(tmp_path):
    ledger = BlockLedger.open(tmp_path / "blocks.jsonl")
    ledger.record(A)
    ledger.record(B, failed="chunk 3 is cut")
    again = BlockLedger.open(tmp_path / "blocks.jsonl")
    assert (again.done, again.failed) == ({A}, {B: "chunk 3 is cut"})


def test_a_block_done_after_it_failed_is_done(tmp_path):
    ledger = BlockLedger.open(tmp_path / "blocks.jsonl")
    ledger.record(A, failed="no")
    ledger.record(A)
    for found in (ledger, BlockLedger.open(tmp_path / "blocks.jsonl")):
        assert (found.done, found.failed) == ({A}, {})


@given(cut=st.integers(0, 80))
def test_a_line_cut_anywhere_counts_as_not_written_and_spoils_no_other(tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("ledger") / "blocks.jsonl"
    BlockLedger.open(path).record(A)
    whole = path.stat().st_size
    BlockLedger.open(path).record(B)
    path.write_bytes(path.read_bytes()[: whole + cut])
    cut_ledger = BlockLedger.open(path)
    assert {A} <= cut_ledger.done <= {A, B}
    cut_ledger.record(B)
    assert BlockLedger.open(path).done == {A, B}


@pytest.mark.parametrize(
    "line", [b"5", b"[]", b'{"box": 3}', b"\xff\xfe", b'{"box": "1:0,0:1,0:1"}']
)
def test_a_garbled_line_is_ignored(tmp_path, line):
    path = tmp_path / "blocks.jsonl"
    path.write_bytes(line + b"\n")
    ledger = BlockLedger.open(path)
    ledger.record(A)
    assert BlockLedger.open(path).done == {A}


def test_a_record_is_on_the_disk_before_it_counts(tmp_path, monkeypatch):
    ledger = BlockLedger.open(tmp_path / "blocks.jsonl")

    def refuse(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(WriteError, match="No space left"):
        ledger.record(A)
    assert not ledger.done


def test_blocks_recorded_together_are_read_as_those_recorded_one_by_one(tmp_path):
    ledger = BlockLedger.open(tmp_path / "blocks.jsonl")
    ledger.record(A, failed="no")
    ledger.record_all([A, B])
    for found in (ledger, BlockLedger.open(tmp_path / "blocks.jsonl")):
        assert (found.done, found.failed) == ({A, B}, {})
