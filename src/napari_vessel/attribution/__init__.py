"""Why a network says what it says: the one door to captum.

What is explained is a log odds: of a class of a patch, or of vessel at a voxel or a piece of a
slice, so 0 means one half and the numbers of both are alike. :func:`attribute` shares it out
among the pixels of the image. The configuration and the targets need no torch.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
