"""What the docks of a viewer share, and what they give back."""

from napari.components import ViewerModel

from napari_vessel.widgets._margin import Margin
from napari_vessel.widgets._shared_runner import SharedRunner, shared_runner


class Counted:
    """A runner that counts how often it was closed."""

    closed = 0
    alive = True

    def close(self):
        self.closed += 1


def test_the_last_share_that_is_closed_ends_the_process_and_only_once():
    runner, holders = Counted(), []
    one, two = SharedRunner(runner, holders), SharedRunner(runner, holders)
    one.close()
    one.close()
    assert runner.closed == 0
    two.close()
    two.close()
    assert runner.closed == 1


def test_docks_of_a_viewer_share_a_runner_and_those_of_another_have_their_own():
    first, second = ViewerModel(), ViewerModel()
    one, two, other = shared_runner(first), shared_runner(first), shared_runner(second)
    assert one._runner is two._runner
    assert other._runner is not one._runner
    for share in (one, two, other):
        share.close()
    again = shared_runner(first)  # all docks were closed in between
    assert again._runner is not one._runner
    again.close()


def test_margins_are_given_back_and_a_person_s_own_are_left_alone():
    viewer = ViewerModel(ndisplay=2)
    viewer.dims.ndim = 3
    before = tuple(viewer.dims.margin_left)
    margin = Margin(viewer)
    margin.widen(12.0)
    assert tuple(viewer.dims.margin_left) == tuple(viewer.dims.margin_right) == (12.0,) * 3
    margin.widen(5.0)
    assert tuple(viewer.dims.margin_left) == (5.0,) * 3
    margin.restore()
    assert tuple(viewer.dims.margin_left) == before
    viewer.dims.margin_left = viewer.dims.margin_right = (2.0, 0.0, 0.0)
    margin.widen(7.0)
    assert tuple(viewer.dims.margin_left) == (2.0, 0.0, 0.0)
    margin.restore()
    assert tuple(viewer.dims.margin_left) == (2.0, 0.0, 0.0)
