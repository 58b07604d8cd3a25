"""The mask outside of the region, as a layer for looking: coarse from afar, in 3D too."""

from __future__ import annotations

from typing import Any

from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from napari_vessel.geometry import Box
from napari_vessel.session import Session
from napari_vessel.widgets._follower import Follower
from napari_vessel.widgets._jobs import Jobs
from napari_vessel.widgets._layer_below import LayerBelow
from napari_vessel.widgets._placing import mask_placed
from napari_vessel.widgets._viewer import ViewerLink

__all__ = ["OverviewLayer"]

_REFRESH_MS = 300  # pieces that are made at once are drawn once
_REST_MS = 1000  # a threshold that is being dragged is one change
# Paler than the mask that can be painted on, so that nobody wonders why the brush does nothing.
_COLOUR = (0.98, 0.72, 0.35, 1.0)


class OverviewLayer(LayerBelow[Labels]):
    """Shows the session's overview below the mask; its pieces are made on a worker's thread.

    Parameters
    ----------
    link
        The viewer, and what is open in it.
    session
        Has the overview.
    jobs
        Make its pieces.
    follower
        Relays the session's signals.
    """

    def __init__(self, link: ViewerLink, session: Session, jobs: Jobs, follower: Follower) -> None:
        super().__init__(link, _REFRESH_MS, link)
        self._session, self._jobs = session, jobs
        self._wanted = True
        self._anew = self._single_shot(session.refresh_overview)
        self._making = self._single_shot(self._make)
        follower.follow(session.events.opened, self._on_opened)
        follower.follow(session.events.overview, lambda _box: self._draw_soon())
        follower.follow(session.events.threshold, lambda _: self._anew.start(_REST_MS))
        jobs.changed.connect(self._on_jobs)

    def show(self, wanted: bool) -> None:
        """Put the layer into the viewer, or take it away."""
        self._wanted = wanted
        self._on_opened()

    def close(self) -> None:
        """Let go of the viewer; the layer goes with the overview it reads."""
        self._jobs.changed.disconnect(self._on_jobs)
        super().close()

    # -- the layer -------------------------------------------------------------

    def _on_opened(self) -> None:
        """Show the overview of what is open now; the layer stays where it is the same one."""
        overview = self._session.overview if self._wanted else None
        kept = self.layer is not None and overview is not None
        if kept and self.layer is not None and self.layer.metadata["overview"] is overview:
            self._place()
            self._draw_soon()
            return
        self._remove()
        if overview is not None and self._link.image is not None:
            overview.on_noted = lambda: self._making.start(0)
            self._add()

    def _add(self) -> None:
        overview = self._session.overview
        if overview is None:
            return
        levels = overview.levels
        layer = Labels(
            levels if len(levels) > 1 else levels[0],
            multiscale=len(levels) > 1,
            cache=False,
            opacity=0.6,
            name="Vessels elsewhere",
            metadata={"overview": overview},
            **self._placed(),
        )
        layer.colormap = DirectLabelColormap(
            color_dict={0: (0, 0, 0, 0), 1: _COLOUR, None: _COLOUR}
        )
        layer.editable = False
        self._put(layer)

    def _place(self) -> None:
        if self.layer is not None and self._link.image is not None:
            for name, value in self._placed().items():
                setattr(self.layer, name, value)

    def _placed(self) -> dict[str, Any]:
        image, volume = self._link.image, self._session.volume
        if image is None or volume is None:
            return {}
        return mask_placed(image, Box.of(volume.shape))

    # -- its pieces ------------------------------------------------------------

    def _make(self) -> None:
        """Make what was looked at; where a worker still is at it, once that has ended."""
        self._jobs.start("overview", self._session.look_over)

    def _on_jobs(self, name: str) -> None:
        overview = self._session.overview if self.layer is not None else None
        if name == "overview" and overview is not None and overview.has_noted:
            self._making.start(0)
