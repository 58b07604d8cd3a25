from ._adoption import Decision as Decision
from ._adoption import decide as decide
from ._augmentation import augment as augment
from ._cache import CachedRead as CachedRead
from ._config import TrainingConfig as TrainingConfig
from ._events import EpochEnd as EpochEnd
from ._events import FitEnd as FitEnd
from ._events import StepEnd as StepEnd
from ._fit import fit as fit
from ._index import ReviewedIndex as ReviewedIndex
from ._losses import bce_sum as bce_sum
from ._losses import reviewed_loss as reviewed_loss
from ._losses import soft_dice as soft_dice
from ._reviewed import Reviewed as Reviewed
from ._samples import Batch as Batch
from ._samples import PatchSampler as PatchSampler
from ._score import BlockScore as BlockScore
from ._score import mean_score as mean_score
from ._scoring import score_blocks as score_blocks
from ._segmentation import SegmentationTask as SegmentationTask
from ._split import Split as Split
from ._split import split_blocks as split_blocks
from ._task import Task as Task

__all__ = [
    "Batch",
    "BlockScore",
    "CachedRead",
    "Decision",
    "EpochEnd",
    "FitEnd",
    "PatchSampler",
    "Reviewed",
    "ReviewedIndex",
    "SegmentationTask",
    "Split",
    "StepEnd",
    "Task",
    "TrainingConfig",
    "augment",
    "bce_sum",
    "decide",
    "fit",
    "mean_score",
    "reviewed_loss",
    "score_blocks",
    "soft_dice",
    "split_blocks",
]
