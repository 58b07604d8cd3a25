"""What a phantom is made of: every parameter once, with bounds and help."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

Polarity = Literal["dark", "bright"]
Edge = Annotated[int, Field(ge=1, le=8192)]
Micrometres = Annotated[float, Field(gt=0, le=1e6)]
Share = Annotated[float, Field(ge=0, le=1)]


class PhantomConfig(BaseModel, frozen=True, extra="forbid"):
    """A synthetic organ with its vessels, and how a scanner shows it.

    Grey values are shares of the range that the image uses: 0 is ``grey_low``
    and 1 is ``grey_high``.
    """

    shape: tuple[Edge, Edge, Edge] = Field((96, 128, 128), description="Voxels along z, y, x.")
    voxel_size_um: tuple[Micrometres, Micrometres, Micrometres] = Field(
        (50.0, 50.0, 50.0), description="Edges of a voxel along z, y, x, in µm."
    )
    seed: int = Field(0, ge=0, description="Equal configurations give equal phantoms.")
    polarity: Polarity = Field("dark", description="Lumen darker or brighter than tissue.")
    negative: bool = Field(
        False, description="Grey turned round last: a scan of the other polarity shown in this one."
    )

    organ: float = Field(
        0.92, ge=0.3, le=4, description="Semi-axes of the organ, as a share of half the volume."
    )
    beyond: float = Field(
        0.0,
        ge=0,
        le=4,
        description="How far vessels are grown beyond the volume, share of its middle edge: "
        "above 0 it shows a part, which vessels enter from outside.",
    )
    sinus: float = Field(0.0, ge=0, le=0.8, description="Dark fat at the hilum, share of organ.")
    cysts: int = Field(1, ge=0, le=50, description="Dark round holes that are no vessels.")
    cyst_variety: Share = Field(0.0, description="How much fainter than a lumen a cyst may be.")
    blobs: int = Field(
        0, ge=0, le=200, description="Bright round bodies that are no vessels: cells, fat."
    )
    blob_radius: float = Field(4.0, gt=0, le=60, description="Of a blob, in finest edges.")
    blob_contrast: Share = Field(0.2, description="Grey of the brightest blob above tissue.")

    trees: int = Field(1, ge=1, le=20, description="Artery trees, each entering elsewhere.")
    generations: int = Field(8, ge=1, le=14, description="Branchings from the hilum, plus one.")
    trunk_radius: float = Field(
        0.085, gt=0, le=0.5, description="Radius of the trunk, as a share of the organ's reach."
    )
    least_radius: float = Field(
        0.7, ge=0.1, le=20, description="No branch is thinner, in edges of the finest voxel axis."
    )
    length: float = Field(0.5, gt=0, le=2, description="Length of the trunk, share of the reach.")
    asymmetry: Share = Field(0.7, description="How unequal two daughters may be.")
    tortuosity: Share = Field(0.35, description="How much a branch winds.")
    unevenness: float = Field(
        0.12, ge=0, le=0.5, description="How far cross-sections are from round, share of radius."
    )
    most_branches: int = Field(2000, ge=1, le=20_000, description="Of one tree; widest first.")
    collapse: Share = Field(0.0, description="Share of arteries' branches that are collapsed.")
    vein_collapse: Share = Field(0.0, description="Share of veins' branches that are collapsed.")
    squash: float = Field(
        0.3, ge=0.05, le=1, description="Shortest over round radius of the most collapsed vessel."
    )
    mesh_spacing: float = Field(
        0.0,
        ge=0,
        le=500,
        description="Distance between meetings of capillaries, in finest edges; 0 is no mesh.",
    )
    mesh_radius: float = Field(2.0, ge=0.1, le=50, description="Of capillaries, in finest edges.")
    veins: bool = Field(True, description="A second, wider tree without a bright wall.")
    vein_wall: Share = Field(0.1, description="A vein's wall brightness, share of an artery's.")
    bundling: float = Field(
        0.0, ge=0, le=3, description="Veins that run beside a branch of an artery, on the mean."
    )
    bundle_gap: float = Field(
        0.3, ge=0, le=3, description="Room between them, share of the artery's radius; 0 touches."
    )

    tissue: Share = Field(0.55, description="Grey of the tissue.")
    medium: Share = Field(0.2, description="Grey of what the organ lies in.")
    lumen_contrast: Share = Field(0.33, description="Tissue minus lumen (dark polarity).")
    wall_contrast: Share = Field(0.2, description="Wall minus tissue (dark polarity).")
    wall_ratio: float = Field(0.35, ge=0, le=2, description="Wall thickness over radius.")
    fading: Share = Field(0.3, description="Share of lumen contrast a thin vessel loses.")
    wall_least: float = Field(0.0, ge=0, le=5, description="Thinnest wall, in finest edges.")
    contrast_spread: float = Field(
        0.0, ge=0, le=2, description="Deviation of the logarithm of branches' lumen contrasts."
    )
    hollow: Share = Field(0.0, description="Share of its contrast that a lumen's middle lacks.")
    mottle: Share = Field(0.0, description="How unevenly a lumen is filled, share of contrast.")
    sheath: float = Field(
        0.0, ge=0, le=5, description="Thickness of bright tissue about a bundle, over radius."
    )
    sheath_contrast: Share = Field(0.1, description="Sheath minus tissue (dark polarity).")

    texture: Share = Field(0.03, description="Grey amplitude of tissue texture, all scales.")
    shading: Share = Field(0.04, description="Grey amplitude of broad light and dark regions.")
    clouds: Share = Field(0.0, description="Grey of bright uneven regions: fat, fibres.")
    capillaries: Share = Field(0.04, description="Grey amplitude of small dark and bright specks.")
    rings: Share = Field(0.01, description="Grey amplitude of ring artefacts about the z axis.")
    streaks: Share = Field(0.01, description="Grey amplitude of streak artefacts.")
    lines: Share = Field(0.0, description="How far rows differ in gain, one from the next.")
    stripes: Share = Field(0.0, description="Depth of shadows along x, share of grey.")
    haze: Share = Field(0.0, description="Light from out of focus, share of it.")
    attenuation: float = Field(
        0.0, ge=0, le=8, description="Light is lost by exp(-attenuation) from first to last slice."
    )
    seams: Share = Field(0.0, description="Grey steps between stitched slabs and tiles.")
    misalignment: float = Field(
        0.0, ge=0, le=4, description="Shift, in voxels, of the ghost where two tiles overlap."
    )
    blur: float = Field(0.6, ge=0, le=5, description="Standard deviation of blur, in voxels.")
    axial_blur: float = Field(0.0, ge=0, le=10, description="Blur along z in addition, in voxels.")
    noise: Share = Field(0.025, description="Standard deviation of the scanner's noise, in grey.")
    grain: float = Field(1.0, ge=1, le=5, description="Width of the noise's structures, in voxels.")
    photons: float = Field(
        0.0, ge=0, le=1e5, description="Counted at grey 1: fewer are noisier; 0 counts none."
    )
    black: Share = Field(0.0, description="Grey below which the image is black.")
    exposure: float = Field(1.0, ge=0.1, le=20, description="Gain: above 1 bright parts saturate.")
    bits: Literal[8, 16] = Field(16, description="8 keeps the upper byte of 16.")
    grey_low: int = Field(18_000, ge=0, le=65_535, description="Image value of grey 0.")
    grey_high: int = Field(37_000, ge=0, le=65_535, description="Image value of grey 1.")

    @model_validator(mode="after")
    def _greys_fit(self) -> Self:
        if self.grey_low >= self.grey_high:
            raise ValueError(f"{self.grey_low=} must lie below {self.grey_high=}")
        if not all(0 <= grey <= 1 for grey in (self.lumen, self.wall)):
            raise ValueError(
                f"lumen {self.lumen:.2f} and wall {self.wall:.2f} must be greys of 0…1: "
                "move tissue, or ask for less lumen_contrast or wall_contrast"
            )
        return self

    @property
    def sign(self) -> int:
        """-1 where the lumen is darker than tissue, 1 where brighter; before ``negative``."""
        return -1 if (self.polarity == "dark") != self.negative else 1

    @property
    def lumen(self) -> float:
        """Grey of a wide artery's lumen."""
        return self.tissue + self.sign * self.lumen_contrast

    @property
    def wall(self) -> float:
        """Grey of an artery's wall."""
        return self.tissue - self.sign * self.wall_contrast
