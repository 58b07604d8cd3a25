"""Synthetic vessel trees and HiP-CT-like images of exactly known truth.

A phantom is grown (an organ, an artery tree and a vein tree in micrometres),
rasterised (distances to tubes), then shown (grey values, texture, artefacts,
noise). Everything follows from one :class:`PhantomConfig`, seed included.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
