"""Draw the sheet of phantoms for the docs: features one by one, then draws of each family.

Run as ``python scripts/phantom_sheet.py docs/images/phantoms.webp``; the truth is outlined
in red, look-alike veins in blue.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from napari_vessel.phantoms import Family, PhantomConfig, make_phantom, random_config
from napari_vessel.volumes import IntensityWindow

EDGE = 112  # voxels of a panel
ZOOM = 2
TITLE = 26  # pixels above a panel
COLUMNS = 6
SHAPE = (48, EDGE, EDGE)
RED, BLUE = (255, 60, 50), (70, 140, 255)


@dataclass(frozen=True)
class Panel:
    """One picture: what it shows, and the fields that make it so."""

    title: str
    fields: dict[str, Any] = field(default_factory=dict)
    axis: int = 0


CALM = {
    "shape": SHAPE,
    "seed": 4,
    "organ": 4.0,
    "beyond": 0.4,
    "generations": 8,
    "trunk_radius": 0.08,
    "least_radius": 0.8,
    "trees": 3,
    "cysts": 0,
    "noise": 0.01,
    "texture": 0.01,
    "shading": 0.02,
    "rings": 0.0,
    "streaks": 0.0,
}
BRIGHT = CALM | {
    "polarity": "bright",
    "veins": False,
    "tissue": 0.06,
    "lumen_contrast": 0.7,
    "wall_contrast": 0.0,
    "wall_ratio": 0.0,
    "trunk_radius": 0.1,
    "trees": 4,
    "shading": 0.0,
    "capillaries": 0.0,
    "grey_low": 0,
    "grey_high": 65_535,
}
MESH = {"mesh_spacing": 22.0, "mesh_radius": 2.0}
SHEET = BRIGHT | {"tissue": 0.25, "shading": 0.05, "lumen_contrast": 0.45}

FEATURES = [
    Panel("arteries and veins", CALM),
    Panel("collapse, vein_collapse", CALM | {"collapse": 0.8, "vein_collapse": 1.0}),
    Panel(
        "touching (gap 0), sheath",
        CALM | {"bundling": 1.5, "bundle_gap": 0.0, "sheath": 1.2},
    ),
    Panel("fading: walls only", CALM | {"fading": 1.0, "lumen_contrast": 0.06, "wall_least": 1.0}),
    Panel("organ and medium", CALM | {"organ": 0.8, "sinus": 0.3}),
    Panel("cysts, blobs, clouds", CALM | {"cysts": 12, "blobs": 40, "clouds": 0.2}),
    Panel("rings", CALM | {"rings": 0.06}),
    Panel("streaks", CALM | {"streaks": 0.2}),
    Panel("seams, misalignment", CALM | {"seams": 0.05, "misalignment": 2.0}),
    Panel("noise, grain", CALM | {"noise": 0.1, "grain": 1.8}),
    Panel("blur", CALM | {"blur": 2.0}),
    Panel("bits: 8", CALM | {"bits": 8, "grey_high": 23_000}),
    Panel("several trees", BRIGHT),
    Panel("mesh of capillaries", BRIGHT | MESH | {"trees": 1}),
    Panel("contrast_spread, mottle", BRIGHT | {"contrast_spread": 0.8, "mottle": 0.3}),
    Panel("photons, lines", BRIGHT | MESH | {"photons": 40.0, "lines": 0.15}),
    Panel("attenuation (from the side)", BRIGHT | MESH | {"attenuation": 2.5}, axis=1),
    Panel("exposure, black", BRIGHT | MESH | {"exposure": 2.5, "black": 0.05}),
    Panel("tissue that glows", SHEET | MESH | {"texture": 0.05}),
    Panel("hollow", SHEET | {"hollow": 0.9}),
    Panel("stripes", SHEET | {"stripes": 0.5}),
    Panel("haze", SHEET | {"haze": 0.6}),
    Panel("voxels 5:1:1, axial_blur", BRIGHT | {"voxel_size_um": (5, 1, 1), "axial_blur": 0.8}),
    Panel("negative", BRIGHT | MESH | {"polarity": "dark", "negative": True}),
]
FAMILIES: tuple[Family, ...] = ("ct", "two-photon", "light-sheet")


def drawn(family: Family) -> list[Panel]:
    """Draw a row of a family in its own polarity."""
    panels = []
    for seed in range(COLUMNS):
        config = random_config(
            np.random.default_rng(300 + seed), SHAPE, polarity=None, family=family
        )
        panels.append(Panel(f"{family}, drawn", config.model_dump()))
    return panels


def picture(panel: Panel) -> Image.Image:
    """Show the slice that holds most of the truth, its outline beside the plain half."""
    phantom = make_phantom(PhantomConfig(**panel.fields))
    window = IntensityWindow.of(phantom.image).apply(phantom.image)
    areas = phantom.vessels.sum(axis=tuple(a for a in range(3) if a != panel.axis))
    index = int(areas.argmax())
    grey = np.take(window, index, panel.axis)
    plain = Image.fromarray((np.clip(grey, 0, 1) * 255).astype(np.uint8))
    size = (EDGE * ZOOM, EDGE * ZOOM)
    coloured = np.array(plain.resize(size, Image.Resampling.BILINEAR).convert("RGB"))
    for mask, colour in ((phantom.veins, BLUE), (phantom.vessels, RED)):
        coloured[outline(np.take(mask, index, panel.axis), size)] = colour
    return Image.fromarray(coloured)


def outline(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Pixels of the enlarged mask that have a neighbour outside it."""
    large = np.array(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST))
    padded = np.pad(large, 1, mode="edge")
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return np.asarray(large & ~inner)


def sheet(panels: list[Panel]) -> Image.Image:
    """Put panels with their titles into a grid."""
    edge, rows = EDGE * ZOOM, -(-len(panels) // COLUMNS)
    page = Image.new("RGB", (COLUMNS * (edge + 6), rows * (edge + TITLE)), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(16)
    for number, panel in enumerate(panels):
        row, column = divmod(number, COLUMNS)
        x, y = column * (edge + 6), row * (edge + TITLE)
        draw.text((x + 2, y + 4), panel.title, fill="black", font=font)
        page.paste(picture(panel), (x, y + TITLE))
        print(panel.title, flush=True)
    return page


def main() -> None:
    """Write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="a .webp or .png file")
    parser.add_argument("--quality", type=int, default=60, help="of the webp file")
    args = parser.parse_args()
    panels = FEATURES + [panel for family in FAMILIES for panel in drawn(family)]
    args.out.parent.mkdir(parents=True, exist_ok=True)
    sheet(panels).save(args.out, quality=args.quality, method=6)
    print(f"{args.out}: {args.out.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
