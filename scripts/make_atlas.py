"""Make the list of the Human Organ Atlas that comes with the program.

Of a hoa-tools wheel (``pip download --no-deps hoa-tools``), which holds a JSON file a data set.
Only facts are taken: names, sizes, addresses, DOIs.
"""

from __future__ import annotations

import argparse
import json
import re
import zipfile
from pathlib import Path
from typing import Any

KEYS = ("name", "donor", "organ", "context", "voi", "shape_xyz", "voxel_size_um", "url", "doi",
        "beamline")  # fmt: skip
TARGET = Path(__file__).parents[1] / "src/napari_vessel/volumes/atlas.json"


def row(found: dict[str, Any]) -> list[Any]:
    """Return the facts of a data set, in the order of ``KEYS``."""
    sample, data = found["sample"], found["data"]
    return [
        found["name"], found["donor"]["id"], sample["organ"], sample.get("organ_context") or "",
        found["voi"], data["shape"], data["voxel_size_um"], data["gcs_url"],
        (found.get("citation") or {}).get("doi") or "", found["scan"]["beamline"],
    ]  # fmt: skip


def main() -> None:
    """Write the list."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path, help="hoa_tools-….whl")
    wheel = parser.parse_args().wheel
    version = re.search(r"-(\d[\w.]*)-", wheel.name)
    with zipfile.ZipFile(wheel) as package:
        names = sorted(n for n in package.namelist() if re.search(r"metadata/[^/]+\.json$", n))
        rows = [row(json.loads(package.read(name))) for name in names]
    source = (
        f"hoa-tools {version[1] if version else ''} (https://github.com/HumanOrganAtlas/hoa-tools)"
        ", BSD-3-Clause, copyright 2024 David Stansby; the data sets' own licence is told by "
        "their DOI"
    )
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in rows)
    keys = json.dumps(KEYS)
    text = f'{{"source": {json.dumps(source)},\n "keys": {keys},\n "datasets": [\n{lines}\n]}}\n'
    TARGET.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
