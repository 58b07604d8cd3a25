__all__ = [
    "EXPORTERS",
    "GRAPH_WRITERS",
    "SURFACE_WRITERS",
    "AtlasLevel",
    "AtlasVolume",
    "CacheConfig",
    "CacheState",
    "ConvertPlan",
    "ExportProgress",
    "Exporter",
    "GraphWriter",
    "IntensityWindow",
    "MaskSource",
    "MaskSum",
    "Organ",
    "PolarityFinding",
    "RetryConfig",
    "Source",
    "Store",
    "StoreSpec",
    "SurfaceWriter",
    "VesselGraph",
    "Volume",
    "VolumeOptions",
    "WindowConfig",
    "check_graph_output",
    "coarsen",
    "convert_plan",
    "convert_volume",
    "create_store",
    "export_labels",
    "export_nifti",
    "export_nrrd",
    "export_ome_zarr",
    "export_rle",
    "export_tiff_slices",
    "export_tiff_stack",
    "finer_box",
    "folder_beside",
    "is_begun",
    "least_vessel",
    "level_factors",
    "level_shapes",
    "load_atlas",
    "mask_of",
    "open_store",
    "open_volume",
    "probability_u8",
    "read_amira",
    "read_crate",
    "read_rle",
    "read_surface",
    "read_swc",
    "remove_at_once",
    "remove_half_removed",
    "remove_leftovers",
    "replace_folder",
    "search_atlas",
    "slow_planes",
    "sum_of",
    "sync",
    "sync_tree",
    "the_cache",
    "volume_of_array",
    "voxels_within",
    "write_amira",
    "write_atomically",
    "write_graph_csv",
    "write_ply",
    "write_stl",
    "write_swc",
    "write_vesselvio",
]

from ._array import volume_of_array as volume_of_array
from ._atlas import AtlasLevel as AtlasLevel
from ._atlas import AtlasVolume as AtlasVolume
from ._atlas import load_atlas as load_atlas
from ._atlas import search_atlas as search_atlas
from ._atomic import folder_beside as folder_beside
from ._atomic import remove_leftovers as remove_leftovers
from ._atomic import replace_folder as replace_folder
from ._atomic import sync as sync
from ._atomic import sync_tree as sync_tree
from ._atomic import write_atomically as write_atomically
from ._chunk_cache import CacheConfig as CacheConfig
from ._chunk_cache import CacheState as CacheState
from ._chunk_cache import the_cache as the_cache
from ._convert import ConvertPlan as ConvertPlan
from ._convert import convert_plan as convert_plan
from ._convert import convert_volume as convert_volume
from ._convert import is_begun as is_begun
from ._convert import slow_planes as slow_planes
from ._export import EXPORTERS as EXPORTERS
from ._export import Exporter as Exporter
from ._export_nifti import export_nifti as export_nifti
from ._export_nrrd import export_nrrd as export_nrrd
from ._export_ome_zarr import export_labels as export_labels
from ._export_ome_zarr import export_ome_zarr as export_ome_zarr
from ._export_rle import export_rle as export_rle
from ._export_rle import read_rle as read_rle
from ._export_tiff import export_tiff_slices as export_tiff_slices
from ._export_tiff import export_tiff_stack as export_tiff_stack
from ._mask import least_vessel as least_vessel
from ._mask import mask_of as mask_of
from ._mask import probability_u8 as probability_u8
from ._mask_source import ExportProgress as ExportProgress
from ._mask_source import MaskSource as MaskSource
from ._open import open_volume as open_volume
from ._options import RetryConfig as RetryConfig
from ._options import VolumeOptions as VolumeOptions
from ._options import WindowConfig as WindowConfig
from ._organ import Organ as Organ
from ._polarity import PolarityFinding as PolarityFinding
from ._provenance import read_crate as read_crate
from ._pyramid import coarsen as coarsen
from ._pyramid import finer_box as finer_box
from ._pyramid import level_factors as level_factors
from ._pyramid import level_shapes as level_shapes
from ._read_surface import read_surface as read_surface
from ._read_surface import voxels_within as voxels_within
from ._removal import remove_at_once as remove_at_once
from ._removal import remove_half_removed as remove_half_removed
from ._source import Source as Source
from ._store import Store as Store
from ._store import create_store as create_store
from ._store import open_store as open_store
from ._store_spec import StoreSpec as StoreSpec
from ._vessel_graph import VesselGraph as VesselGraph
from ._volume import Volume as Volume
from ._window import IntensityWindow as IntensityWindow
from ._witness import MaskSum as MaskSum
from ._witness import sum_of as sum_of
from ._write_amira import read_amira as read_amira
from ._write_amira import write_amira as write_amira
from ._write_graph import GRAPH_WRITERS as GRAPH_WRITERS
from ._write_graph import GraphWriter as GraphWriter
from ._write_graph import check_graph_output as check_graph_output
from ._write_graph_csv import write_graph_csv as write_graph_csv
from ._write_graph_csv import write_vesselvio as write_vesselvio
from ._write_surface import SURFACE_WRITERS as SURFACE_WRITERS
from ._write_surface import SurfaceWriter as SurfaceWriter
from ._write_surface import write_ply as write_ply
from ._write_surface import write_stl as write_stl
from ._write_swc import read_swc as read_swc
from ._write_swc import write_swc as write_swc
