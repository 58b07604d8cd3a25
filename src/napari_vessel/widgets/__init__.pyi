__all__ = [
    "EventWorker",
    "ObjectsDock",
    "VesselLabels",
    "VesselsDock",
    "get_reader",
    "make_sample",
    "write_nifti",
    "write_nrrd",
    "write_ome_zarr",
    "write_rle",
    "write_tiff_slices",
]

from ._dock import VesselsDock as VesselsDock
from ._labels import VesselLabels as VesselLabels
from ._objects_dock import ObjectsDock as ObjectsDock
from ._reader import get_reader as get_reader
from ._sample import make_sample as make_sample
from ._worker import EventWorker as EventWorker
from ._writers import write_nifti as write_nifti
from ._writers import write_nrrd as write_nrrd
from ._writers import write_ome_zarr as write_ome_zarr
from ._writers import write_rle as write_rle
from ._writers import write_tiff_slices as write_tiff_slices
