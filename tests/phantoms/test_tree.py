import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_vessel.phantoms import PhantomConfig, make_phantom
from napari_vessel.phantoms._organ import Organ
from napari_vessel.phantoms._tree import Tree, TreeSpec, grow_tree, murray_angles

SPEC = TreeSpec(
    generations=7,
    trunk_radius_um=300.0,
    least_radius_um=30.0,
    trunk_length_um=1500.0,
    asymmetry=0.8,
    tortuosity=0.5,
    finest_um=50.0,
)


def grown(seed: int, spec: TreeSpec = SPEC) -> tuple[Organ, Tree]:
    rng = np.random.default_rng(seed)
    organ = Organ.of(PhantomConfig(shape=(64, 96, 128)), rng)
    return organ, grow_tree(organ, organ.entry_um(), spec, rng)


@pytest.mark.parametrize("seed", range(5))
def test_every_branching_keeps_murrays_law(seed):
    _, tree = grown(seed)
    branchings = [(b, tree.daughters(i)) for i, b in enumerate(tree.branches) if tree.daughters(i)]
    assert len(branchings) > 10
    for parent, daughters in branchings:
        assert len(daughters) == 2
        assert sum(d.radius_um**3 for d in daughters) == pytest.approx(parent.radius_um**3)


def test_daughters_start_where_their_parent_ends():
    _, tree = grown(1)
    for branch in tree.branches[1:]:
        parent = tree.branches[branch.parent]
        np.testing.assert_array_equal(branch.points_um[0], parent.points_um[-1])
        assert branch.generation == parent.generation + 1


def test_a_tree_stays_in_organ_and_volume():
    organ, tree = grown(2)
    points = np.concatenate([b.points_um for b in tree.branches])
    assert (organ.depth(points) < 1).all()
    assert ((points >= 0) & (points <= organ.extent_um)).all()


def test_no_branch_is_thinner_or_later_than_asked():
    _, tree = grown(3)
    assert min(b.radius_um for b in tree.branches) >= SPEC.least_radius_um
    assert max(b.generation for b in tree.branches) < SPEC.generations


def test_one_generation_is_one_trunk():
    phantom = make_phantom(PhantomConfig(shape=(16, 32, 32), generations=1, veins=False))
    assert len(phantom.tree.branches) == 1
    assert phantom.tree.branches[0].parent == -1


def test_without_tortuosity_a_branch_is_straight():
    spec = TreeSpec(1, 100.0, 30.0, 1500.0, 0.5, 0.0, 50.0)
    trunk = grown(4, spec)[1].branches[0]
    straight = float(np.linalg.norm(trunk.points_um[-1] - trunk.points_um[0]))
    assert trunk.length_um == pytest.approx(straight)


@given(share=st.floats(0.5, 0.95))
@settings(deadline=None)
def test_the_wider_daughter_turns_less(share):
    first, second = murray_angles(1.0, share ** (1 / 3), (1 - share) ** (1 / 3))
    assert first <= second + 1e-9


def test_length_is_the_sum_of_the_branches():
    _, tree = grown(5)
    assert tree.length_um == pytest.approx(sum(b.length_um for b in tree.branches))
