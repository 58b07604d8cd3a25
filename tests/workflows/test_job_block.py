"""The blocks a whole-volume job works in."""

import pytest

from napari_vessel.geometry import Box, Plane
from napari_vessel.inference import InferenceConfig, pixels_of
from napari_vessel.tiling import BlockGrid
from napari_vessel.workflows._job_block import with_job_block

THREE = tuple(Plane)


def config(**options):
    settings = {"planes": THREE, "views": "none", "zoom": 1.0, "precision": "bf16"} | options
    return InferenceConfig(**settings)


def useful(settings, bounds):
    """Share of the network's pixels that are kept."""
    pushed = sum(pixels_of(block, bounds, settings) for block in BlockGrid(bounds, settings.block))
    return len(settings.planes) * bounds.size / pushed


@pytest.mark.parametrize(
    ("shape", "least"),
    [
        ((192, 512, 512), 0.95),
        ((256, 256, 256), 0.95),
        ((512, 512, 512), 0.95),
        ((64, 4096, 4096), 0.85),
    ],
)
def test_few_pixels_are_wasted_on_halo(shape, least):
    bounds = Box.of(shape)
    assert useful(with_job_block(config(), bounds, bounds), bounds) >= least


@pytest.mark.parametrize("shape", [(1024, 1024, 1024), (2279, 1303, 912), (61, 97, 101)])
@pytest.mark.parametrize("zoom", [1.0, 0.3, 1.6])
def test_no_other_blocks_of_whole_chunks_put_fewer_pixels_through_the_network(shape, zoom):
    bounds = Box.of(shape)
    chosen = with_job_block(config(zoom=zoom), bounds, bounds)
    usual = config(zoom=zoom)
    assert useful(chosen, bounds) >= useful(usual, bounds)
    assert all(edge % unit == 0 for edge, unit in zip(chosen.block, (64, 128, 128), strict=True))


def test_a_block_that_a_person_named_stays():
    bounds = Box.of((512, 512, 512))
    assert with_job_block(config(block=(64, 128, 128)), bounds, bounds).block == (64, 128, 128)


def test_blocks_do_not_grow_with_the_volume():
    edges = [
        with_job_block(config(), Box.of((n, n, n)), Box.of((n, n, n))).block for n in (1024, 4096)
    ]
    assert edges[0] == edges[1]


def test_workers_of_a_cluster_have_more_blocks_to_share():
    bounds = Box.of((1024, 1024, 1024))
    alone, shared = (
        with_job_block(config(), bounds, bounds, spread=s).block for s in (False, True)
    )
    assert len(BlockGrid(bounds, shared)) > len(BlockGrid(bounds, alone))
