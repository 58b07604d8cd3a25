from ._chunk_view import ChunkView as ChunkView
from ._chunk_view import Readable as Readable
from ._chunks import CHUNK_CLASSES as CHUNK_CLASSES
from ._chunks import ChunkSamples as ChunkSamples
from ._config import ChunksData as ChunksData
from ._config import ChunkVolume as ChunkVolume
from ._config import CsvData as CsvData
from ._config import DataConfig as DataConfig
from ._config import FoldersData as FoldersData
from ._config import ObjectsData as ObjectsData
from ._config import PictureConfig as PictureConfig
from ._files import FileSamples as FileSamples
from ._objects import ObjectSamples as ObjectSamples
from ._open import open_data as open_data
from ._sample import Sample as Sample
from ._sample import SampleSet as SampleSet
from ._split import PARTS as PARTS
from ._split import Split as Split
from ._split import split_samples as split_samples

__all__ = [
    "CHUNK_CLASSES",
    "PARTS",
    "ChunkSamples",
    "ChunkView",
    "ChunkVolume",
    "ChunksData",
    "CsvData",
    "DataConfig",
    "FileSamples",
    "FoldersData",
    "ObjectSamples",
    "ObjectsData",
    "PictureConfig",
    "Readable",
    "Sample",
    "SampleSet",
    "Split",
    "open_data",
    "split_samples",
]
