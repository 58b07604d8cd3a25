"""How well a mask agrees with the truth (numpy, scipy and scikit-image; no torch).

Masks are arrays where anything but 0 is vessel. Every number is defined for
empty masks and none is ever NaN: two empty masks agree (1), an empty one and
one with voxels do not (0). Scores of classes (:func:`class_scores`) are those of
scikit-learn, and NaN where they are undefined.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
