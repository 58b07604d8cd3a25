__all__ = [
    "METHODS",
    "AttributionConfig",
    "ClassTarget",
    "Method",
    "PlaceTarget",
    "Question",
    "Target",
]

from ._config import METHODS as METHODS
from ._config import AttributionConfig as AttributionConfig
from ._config import Method as Method
from ._target import ClassTarget as ClassTarget
from ._target import PlaceTarget as PlaceTarget
from ._target import Question as Question
from ._target import Target as Target
