"""Planes side by side: opens and closes the orthogonal views."""

from __future__ import annotations

from napari.qt import QtViewer

from napari_vessel.widgets._orthogonal import OrthogonalViews
from napari_vessel.widgets._section import Section, button

__all__ = ["OrthogonalSection"]


class OrthogonalSection(Section):
    """One button for two more canvases."""

    title = "Planes"

    def build(self) -> None:
        """Add the button."""
        self.views: OrthogonalViews | None = None
        self.switch = button(
            "Show the other planes",
            "Show the same voxel in the two other planes, beside this view, and paint in any of "
            "them. Shift-K goes to the voxel under the mouse in all three.",
            self.turn,
        )
        self.switch.setCheckable(True)
        self.body.addWidget(self.switch)
        self.desk.link.closing.append(self.close_views)

    def update_state(self) -> None:
        """Offer it where something is open in a window."""
        link = self.desk.link
        shown = link.labels is not None and hasattr(link.viewer, "window")
        self.switch.setEnabled(shown or self.views is not None)
        self.hint.say("" if self.desk.session.opened else "Open a volume first.")
        self.switch.setChecked(self.views is not None)

    def turn(self) -> None:
        """Open the views, or close them."""
        if self.views is not None:
            self.close_views()
            return
        viewer, window = self.desk.link.viewer, self.window()
        main = window.findChild(QtViewer) if window is not None else None
        if main is None:
            self.say("There is no canvas beside this dock to show other planes at.")
            return
        self.views = OrthogonalViews(self.desk.link, self.desk.session, main)
        viewer.window.add_dock_widget(
            self.views, name="Other planes", area="right", add_vertical_stretch=False
        )
        self.views.closed.connect(self._gone)
        self.update_state()

    def close_views(self) -> None:
        """Close the views, if they are open."""
        views = self._let_go()
        if views is not None:
            self.desk.link.viewer.window.remove_dock_widget(views)

    def _gone(self) -> None:
        """Let go of views whose dock was closed by its own cross."""
        self._let_go()

    def _let_go(self) -> OrthogonalViews | None:
        views, self.views = self.views, None
        if views is not None:
            views.shut()
            views.deleteLater()
            self.update_state()
        return views
