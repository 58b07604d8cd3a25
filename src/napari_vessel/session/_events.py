"""The signals of a session."""

from __future__ import annotations

from psygnal import Signal, SignalGroup

from napari_vessel.session._values import Activity


class SessionEvents(SignalGroup):
    """What followers of a session hear, on the session's thread with two exceptions.

    ``saved`` comes from the journal's thread, and ``failed`` also from threads that
    read voxels to show: connect those with ``thread="main"`` or the like.
    """

    opened = Signal(description="A volume, a project or a region was opened; look at everything.")
    painted = Signal(object, description="Box (volume voxels) that a brush covered just now.")
    shown = Signal(object, description="Box (volume voxels) whose shown mask changed; None: all.")
    threshold = Signal(float, description="The threshold of the proposal changed.")
    smallest = Signal(float, description="The smallest piece that is shown, in µm³, changed.")
    corrections = Signal(description="What is reviewed changed.")
    saved = Signal(str, str, description="SaveState and a sentence.")
    activity = Signal(Activity, description="An activity changed.")
    curve = Signal(object, description="A training StepEnd or EpochEnd; None: a training began.")
    foreseen = Signal(object, description="A Foreseen: what a prediction will take.")
    disagreement = Signal(object, description="Box (volume voxels) that changed of it; None: all.")
    local = Signal(object, description="The LocalThreshold that is being set; None: none.")
    found = Signal(object, description="A Found: the slice that was asked for.")
    overview = Signal(object, description="Box (volume voxels) that changed of it; None: all.")
    checkpoint = Signal(str, description="The checkpoint in use changed.")
    queue = Signal(object, description="A Ranked: where to correct next.")
    pictured = Signal(object, description="A Pictured: a place of the queue, as it looks.")
    stock = Signal(object, description="A Stock: how far the project is.")
    trained = Signal(object, description="A Retrained: a training ended, and was shown.")
    accepted = Signal(object, int, description="Plane and index of a slice that was accepted.")
    provisional = Signal(description="Which slices show a light update changed.")
    compute = Signal(object, description="A ComputeState: whether the compute process hangs.")
    networks = Signal(object, description="A Networks: those there are now.")
    compared = Signal(object, description="A Compared: two networks on the slice in view.")
    triage = Signal(object, description="A TriageView: where vessels may be; None: nowhere asked.")
    triage_judged = Signal(description="More chunks of the triage were judged.")
    measured = Signal(object, description="The GraphView of what was measured; None: nothing.")
    errors_found = Signal(object, description="ErrorMaps: where a truth was compared with.")
    explained = Signal(object, description="An Explained: why the network says so; None: none.")
    tuning = Signal(object, description="A Tuning: a study, and what is known of it.")
    failed = Signal(Exception, description="Something failed; show it once.")
