from ._auc import AreaUnderCurve as AreaUnderCurve
from ._auc import auc as auc
from ._betti import BettiNumbers as BettiNumbers
from ._betti import betti_errors as betti_errors
from ._betti import betti_numbers as betti_numbers
from ._cldice import ClDice as ClDice
from ._cldice import cldice as cldice
from ._confusion import Confusion as Confusion
from ._confusion import confusion as confusion
from ._scores import ScoreProgress as ScoreProgress
from ._scores import Scores as Scores
from ._scores import scores as scores
from ._streamed import streamed_scores as streamed_scores
from ._surface_dice import SurfaceDice as SurfaceDice
from ._surface_dice import surface_dice as surface_dice
from ._surfels import surfel_areas as surfel_areas

__all__ = [
    "AreaUnderCurve",
    "BettiNumbers",
    "ClDice",
    "Confusion",
    "ScoreProgress",
    "Scores",
    "SurfaceDice",
    "auc",
    "betti_errors",
    "betti_numbers",
    "cldice",
    "confusion",
    "scores",
    "streamed_scores",
    "surface_dice",
    "surfel_areas",
]
