"""The learning benchmark: RootPainter's rules as they are, and a report that says what is so."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def module(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module


def cell(method, dice, minutes, volume="v", audit=None):
    counts = audit or [[8.0, 1, 1, 0, 0, 0, 0]] * 4
    rows = [
        {"slices": n, "minutes": m, "dice": d, "surface_dice": d, "cldice": d}
        | {"adopted": n > 0, "audit": counts if audit is None else audit[at]}
        for at, (n, m, d) in enumerate(zip((0, 1, 3, 10), minutes, dice, strict=True))
    ]
    return {"method": method, "volume": volume, "seed": 0, "recipe": "r", "rows": rows}


def test_targets_are_told_as_they_are(module):
    report = module("learning_report").Report(
        [
            cell("ours", (0.5, 0.6, 0.8, 0.85), (0, 1, 2, 5)),
            cell("random", (0.5, 0.55, 0.6, 0.85), (0, 1, 2, 5)),
            cell("rootpainter", (0.0, 0.0, 0.4, 0.79), (0, 1, 3, 9)),
        ]
    )
    told = report.as_dict()["targets"]
    assert "0.800" in told["few slices"]
    assert told["few slices"].endswith(": reached.")
    assert told["queue"].endswith(": reached.")
    assert told["falls"].startswith("Of 3 adoptions 0 fell")
    assert "| ours | 1 |" in report.text()


def test_a_fall_beyond_the_interval_is_counted(module):
    good, bad = [[50.0, 1, 1, 0, 0, 0, 0]] * 8, [[20.0, 20, 20, 0, 0, 0, 0]] * 8
    ours = cell("ours", (0.5, 0.6, 0.8, 0.7), (0, 1, 2, 5), audit=[good, good, bad, bad])
    told = module("learning_report").Report([ours]).as_dict()["targets"]
    assert told["falls"].startswith("Of 3 adoptions 1 fell")
    assert told["falls"].endswith("not reached.")


def test_a_line_that_was_cut_off_is_computed_anew(module, tmp_path):
    cells = module("learning_cells")
    one, two = cell("ours", (0, 0, 0, 0), (0, 1, 2, 5)), cell("random", (0, 0, 0, 0), (0, 1, 2, 5))
    path = tmp_path / "r.jsonl"
    path.write_text(json.dumps(one) + "\n" + json.dumps(two)[:-9])
    assert [found["method"] for found in cells.read_results(path)] == ["ours"]


def test_rootpainter_s_loss_is_diluted_by_what_is_unknown(module):
    """The flaw that DOMAIN.md names must be in what we compare with, or it is no comparison."""
    import torch

    loss = module("learning_rootpainter")._loss

    def gradient(size):
        logits = torch.zeros(1, 1, size, size, requires_grad=True)
        defined, target = torch.zeros_like(logits), torch.zeros_like(logits)
        defined[..., :4, :4] = target[..., :4, :4] = 1
        loss(logits * defined, target).backward()
        return float(logits.grad[0, 0, 0, 0].abs())

    assert gradient(64) < gradient(8) / 10


def test_one_image_in_about_six_is_for_validation_by_rootpainter_s_rule(module):
    painter = module("learning_rootpainter")
    item = type("Item", (), {"truth": np.zeros((14, 8, 8), bool)})()
    made = painter._Painter(
        item,
        np.zeros((14, 8, 8), np.float32),
        painter.Pace(painter.PersonConfig()),
        lambda x: x - 1,
        np.random.default_rng(0),
    )
    made._slice = lambda _network, _index: np.zeros((8, 8), bool)
    for index in range(14):
        made.annotate(index)
    assert len(made.train) + len(made.validation) == 14
    assert sorted(made.validation) == [1, 7, 13]
