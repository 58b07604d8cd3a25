from ._auc import AreaUnderCurve as AreaUnderCurve
from ._auc import auc as auc
from ._betti import BettiNumbers as BettiNumbers
from ._betti import betti_errors as betti_errors
from ._betti import betti_numbers as betti_numbers
from ._block_scores import BlockScores as BlockScores
from ._classes import ClassRow as ClassRow
from ._classes import ClassScores as ClassScores
from ._classes import class_scores as class_scores
from ._cldice import ClDice as ClDice
from ._cldice import centreline as centreline
from ._cldice import centreline_counts as centreline_counts
from ._cldice import cldice as cldice
from ._confusion import Confusion as Confusion
from ._confusion import confusion as confusion
from ._forecast import LearningCurve as LearningCurve
from ._forecast import fit_learning as fit_learning
from ._interval import COUNTS as COUNTS
from ._interval import Interval as Interval
from ._interval import cldice_of as cldice_of
from ._interval import counts_interval as counts_interval
from ._interval import dice_of as dice_of
from ._interval import redrawn as redrawn
from ._pieces import Connectivity as Connectivity
from ._pieces import PieceFinder as PieceFinder
from ._pieces import Pieces as Pieces
from ._scores import ScoreProgress as ScoreProgress
from ._scores import Scores as Scores
from ._scores import scores as scores
from ._streamed import streamed_scores as streamed_scores
from ._surface_dice import SurfaceDice as SurfaceDice
from ._surface_dice import surface_dice as surface_dice
from ._surfels import surfel_areas as surfel_areas

__all__ = [
    "COUNTS",
    "AreaUnderCurve",
    "BettiNumbers",
    "BlockScores",
    "ClDice",
    "ClassRow",
    "ClassScores",
    "Confusion",
    "Connectivity",
    "Interval",
    "LearningCurve",
    "PieceFinder",
    "Pieces",
    "ScoreProgress",
    "Scores",
    "SurfaceDice",
    "auc",
    "betti_errors",
    "betti_numbers",
    "centreline",
    "centreline_counts",
    "class_scores",
    "cldice",
    "cldice_of",
    "confusion",
    "counts_interval",
    "dice_of",
    "fit_learning",
    "redrawn",
    "scores",
    "streamed_scores",
    "surface_dice",
    "surfel_areas",
]
