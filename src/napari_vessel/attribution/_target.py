"""What of a network's output is explained. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["ClassTarget", "PlaceTarget", "Question", "Target"]

Question = Literal["here", "not_here"]
"""Why does the network say so; or why does it not?"""


@dataclass(frozen=True, slots=True)
class ClassTarget:
    """The log odds of a class against all others; for "not_here" its negative."""

    index: int
    question: Question = "here"


@dataclass(frozen=True, slots=True, eq=False)
class PlaceTarget:
    """The mean logit of the pixels of a mask (H, W), not empty; for "not_here" its negative."""

    mask: NDArray[np.bool_]
    question: Question = "here"


Target = ClassTarget | PlaceTarget
