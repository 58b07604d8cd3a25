"""Propose, correct and learn vessel masks of HiP-CT volumes, in napari and headless.

The layers, from the bottom: errors, geometry, tiling and metrics, volumes,
networks, annotation and phantoms, inference, training, project, workflows,
runner, session, simulate, widgets and cli. Each imports only those below it.
"""

__version__ = "0.1.0"
