__all__ = [
    "METHODS",
    "Attribution",
    "AttributionConfig",
    "ClassTarget",
    "ImageStep",
    "Method",
    "PlaceTarget",
    "Question",
    "Target",
    "alike",
    "attribute",
    "attribution_steps",
    "randomised",
    "share_within",
]

from ._attribute import attribute as attribute
from ._attribute import attribution_steps as attribution_steps
from ._config import METHODS as METHODS
from ._config import AttributionConfig as AttributionConfig
from ._config import Method as Method
from ._sanity import alike as alike
from ._sanity import randomised as randomised
from ._sanity import share_within as share_within
from ._target import ClassTarget as ClassTarget
from ._target import PlaceTarget as PlaceTarget
from ._target import Question as Question
from ._target import Target as Target
from ._values import Attribution as Attribution
from ._values import ImageStep as ImageStep
