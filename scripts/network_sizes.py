"""Parameters and size of the networks of docs/networks.md, as a table.

Run as ``python scripts/network_sizes.py``; nothing is downloaded.
"""

from __future__ import annotations

from typing import get_args

from pydantic import ValidationError

from napari_vessel.networks import NetworkConfig, build_network

ENCODERS = ("tu-resnet10t", "resnet50", "resnext50_32x4d", "mit_b2", "tu-convnext_tiny")
WIDTHS = (256, 128, 64, 32, 16)


def parameters(architecture: str, encoder: str) -> int | None:
    """Count a network's parameters at depth 5; none where the two do not go together."""
    fields = {"architecture": architecture, "encoder": encoder, "encoder_depth": 5}
    for widths in ({"decoder_channels": WIDTHS}, {}):
        try:
            config = NetworkConfig.model_validate(fields | widths)
        except ValidationError:
            continue
        return sum(weight.numel() for weight in build_network(config).parameters())
    return None


def cell(architecture: str, encoder: str) -> str:
    """Return millions of parameters, and MB in half precision."""
    found = parameters(architecture, encoder)
    return "–" if found is None else f"{found / 1e6:.1f} ({2 * found / 1e6:.0f})"


def main() -> None:
    """Print the table."""
    print("| | " + " | ".join(ENCODERS) + " |\n" + "|---" * (1 + len(ENCODERS)) + "|")
    for architecture in get_args(NetworkConfig.model_fields["architecture"].annotation):
        cells = (cell(architecture, encoder) for encoder in ENCODERS)
        print(f"| {architecture} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
