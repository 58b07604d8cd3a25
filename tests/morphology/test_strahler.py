import numpy as np

from napari_vessel.morphology import strahler_orders


def test_a_full_binary_tree_has_one_order_a_generation() -> None:
    ends = np.array([[0, 1]] + [[n // 2, n] for n in range(2, 16)])
    radii = np.array([9.0] + [9.0 / n for n in range(2, 16)])
    orders = strahler_orders(16, ends, radii)
    assert orders.tolist() == [4, 3, 3, 2, 2, 2, 2] + [1] * 8


def test_side_twigs_raise_no_order() -> None:
    ends = np.array([[0, 1], [1, 2], [1, 3], [2, 4], [2, 5], [5, 6], [5, 7]])
    orders = strahler_orders(8, ends, np.array([9.0, 5, 1, 1, 4, 1, 1]))
    assert orders.tolist() == [2, 2, 1, 1, 2, 1, 1]


def test_a_ring_is_cut_at_its_thinnest_branch_which_has_no_order() -> None:
    ends = np.array([[0, 1], [1, 2], [2, 3], [3, 1], [3, 4]])
    orders = strahler_orders(5, ends, np.array([9.0, 3, 1, 4, 2]))
    assert orders[2] == 0
    assert (np.delete(orders, 2) > 0).all()
    assert strahler_orders(1, np.array([[0, 0]]), np.array([1.0])).tolist() == [0]


def test_every_piece_has_its_own_orders() -> None:
    ends = np.array([[0, 1], [2, 3], [3, 4], [3, 5]])
    assert strahler_orders(6, ends, np.array([1.0, 5, 1, 1])).tolist() == [1, 2, 1, 1]
