"""The folder of one annotation effort: what lies where, its configuration and format version.

Reading a project's configuration imports no torch. Voxels, corrections and
weights are opened by the packages below; this one only knows their places.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
