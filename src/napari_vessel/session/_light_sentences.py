"""What a session says of a light update."""

from __future__ import annotations

from napari_vessel.workflows import Light, LightEnded


def nothing_near(request: Light) -> LightEnded:
    """Tell that there is nothing to learn from."""
    return LightEnded(
        plane=request.plane,
        index=request.index,
        slices=0,
        learned_from=0,
        steps=0,
        dice_before=0.0,
        dice_after=0.0,
        held_out=False,
        shown=False,
        seconds=0.0,
    )


def light_sentence(event: LightEnded) -> str:
    """Say what came of a light update."""
    where = f"{event.plane.value.upper()} {event.index}"
    if not event.learned_from:
        return f"No quick update around {where}: nothing near may be learned from yet."
    if not event.shown:
        return f"A quick update around {where} was no better than what is shown: nothing changed."
    slices = f"{event.slices} slice{'s' if event.slices != 1 else ''}"
    learned = f"{event.learned_from} corrected one{'s' if event.learned_from != 1 else ''}"
    return (
        f"{slices} around {where} updated in {event.seconds:.0f} s from {learned}. Provisional: "
        "not exported unless you accept it."
    )
