from ._adoption import Decision as Decision
from ._adoption import decide as decide
from ._augmentation import augment as augment
from ._bootstrap import Differences as Differences
from ._bootstrap import paired_differences as paired_differences
from ._boundary_loss import boundary_sum as boundary_sum
from ._cache import CachedRead as CachedRead
from ._class_augmentation import vary as vary
from ._class_batches import ClassBatch as ClassBatch
from ._class_batches import ClassBatches as ClassBatches
from ._class_batches import LoadImages as LoadImages
from ._classification import ClassCurves as ClassCurves
from ._classification import ClassificationTask as ClassificationTask
from ._classification import balanced_weights as balanced_weights
from ._classification import predict_classes as predict_classes
from ._classifier_config import ClassifierTrainingConfig as ClassifierTrainingConfig
from ._config import TrainingConfig as TrainingConfig
from ._continuous_config import ContinuousConfig as ContinuousConfig
from ._emphasis import Emphasis as Emphasis
from ._emphasis import hard_places as hard_places
from ._emphasis import in_boxes as in_boxes
from ._events import EpochEnd as EpochEnd
from ._events import FitEnd as FitEnd
from ._events import StepEnd as StepEnd
from ._fit import Best as Best
from ._fit import FitConfig as FitConfig
from ._fit import FitMemory as FitMemory
from ._fit import fit as fit
from ._index import ReviewedIndex as ReviewedIndex
from ._labelled import CompletedVolume as CompletedVolume
from ._labelled import LabelledVolume as LabelledVolume
from ._labelled import PseudoLabels as PseudoLabels
from ._labelled import ReadMask as ReadMask
from ._light import LightSample as LightSample
from ._light import learn_light as learn_light
from ._light_config import LightConfig as LightConfig
from ._light_samples import CorrectedSlices as CorrectedSlices
from ._light_samples import corrected_near as corrected_near
from ._loss_config import LossConfig as LossConfig
from ._losses import bce_sum as bce_sum
from ._losses import focal_sum as focal_sum
from ._losses import reviewed_loss as reviewed_loss
from ._losses import soft_dice as soft_dice
from ._losses import soft_tversky as soft_tversky
from ._mixture import MixedSampler as MixedSampler
from ._replay import PhantomPatches as PhantomPatches
from ._replay import Rehearsal as Rehearsal
from ._replay import RehearsingSampler as RehearsingSampler
from ._replay import ShowPhantom as ShowPhantom
from ._reviewed import Reviewed as Reviewed
from ._reviewed import vessel_box as vessel_box
from ._samples import Batch as Batch
from ._samples import PatchSampler as PatchSampler
from ._score import BlockScore as BlockScore
from ._score import mean_score as mean_score
from ._scoring import ReviewedPrediction as ReviewedPrediction
from ._scoring import in_thinnest_plane as in_thinnest_plane
from ._scoring import predict_reviewed as predict_reviewed
from ._scoring import score_blocks as score_blocks
from ._segmentation import SegmentationTask as SegmentationTask
from ._split import Split as Split
from ._split import split_blocks as split_blocks
from ._split import split_cells as split_cells
from ._surface_loss import soft_surface_dice as soft_surface_dice
from ._survey import Looked as Looked
from ._survey import Survey as Survey
from ._survey import labelled_slices as labelled_slices
from ._survey import survey as survey
from ._tail import FeatureCache as FeatureCache
from ._tail import TailNetwork as TailNetwork
from ._task import Task as Task

__all__ = [
    "Batch",
    "Best",
    "BlockScore",
    "CachedRead",
    "ClassBatch",
    "ClassBatches",
    "ClassCurves",
    "ClassificationTask",
    "ClassifierTrainingConfig",
    "CompletedVolume",
    "ContinuousConfig",
    "CorrectedSlices",
    "Decision",
    "Differences",
    "Emphasis",
    "EpochEnd",
    "FeatureCache",
    "FitConfig",
    "FitEnd",
    "FitMemory",
    "LabelledVolume",
    "LightConfig",
    "LightSample",
    "LoadImages",
    "Looked",
    "LossConfig",
    "MixedSampler",
    "PatchSampler",
    "PhantomPatches",
    "PseudoLabels",
    "ReadMask",
    "Rehearsal",
    "RehearsingSampler",
    "Reviewed",
    "ReviewedIndex",
    "ReviewedPrediction",
    "SegmentationTask",
    "ShowPhantom",
    "Split",
    "StepEnd",
    "Survey",
    "TailNetwork",
    "Task",
    "TrainingConfig",
    "augment",
    "balanced_weights",
    "bce_sum",
    "boundary_sum",
    "corrected_near",
    "decide",
    "fit",
    "focal_sum",
    "hard_places",
    "in_boxes",
    "in_thinnest_plane",
    "labelled_slices",
    "learn_light",
    "mean_score",
    "paired_differences",
    "predict_classes",
    "predict_reviewed",
    "reviewed_loss",
    "score_blocks",
    "soft_dice",
    "soft_surface_dice",
    "soft_tversky",
    "split_blocks",
    "split_cells",
    "survey",
    "vary",
    "vessel_box",
]
