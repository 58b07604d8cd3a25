"""What the dock says of what ended."""

from napari_vessel.session._sentences import sentence_of
from napari_vessel.workflows import Proposed


def test_what_was_not_predicted_is_said_and_why():
    every = Proposed("m", "complete", 9, (), 3.0, outside=2, empty=1, left_out=0.4, skipped=3)
    told = sentence_of(every)
    assert "2 of them are outside of the organ" in told
    assert "The triage left out 3 of them, which are 0 in the mask" in told
    assert "A quick look left out 40 % of the voxels as empty, 1 block of them as a whole" in told
    assert sentence_of(Proposed("m", "complete", 9, (), 3.0)) == "Proposed 9 blocks in 3 s."
