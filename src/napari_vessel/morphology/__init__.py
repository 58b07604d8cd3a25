"""Pure functions on masks and probabilities: what is connected, and how large it is.

numpy and scipy; no torch. Arrays are zyx, probabilities uint8 (255 is certain).
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
