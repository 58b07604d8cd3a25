"""The learning benchmark: RootPainter's rules as they are, and a report that says what is so."""

from __future__ import annotations

import json

import numpy as np
import pytest


def cell(method, dice, minutes, volume="v", audit=None):
    counts = audit or [[8.0, 1, 1, 0, 0, 0, 0]] * 4
    rows = [
        {"slices": n, "minutes": m, "dice": d, "surface_dice": d, "cldice": d}
        | {"adopted": n > 0, "audit": counts if audit is None else audit[at]}
        for at, (n, m, d) in enumerate(zip((0, 1, 3, 10), minutes, dice, strict=True))
    ]
    named = {"method": method, "volume": volume, "seed": 0, "recipe": "r"}
    return named | {"marked": volume.endswith("*"), "rows": rows}


def test_targets_are_told_as_they_are(script):
    report = script("learning_report").Report(
        [
            cell("ours", (0.5, 0.6, 0.8, 0.85), (0, 1, 2, 5)),
            cell("random", (0.5, 0.55, 0.6, 0.85), (0, 1, 2, 5)),
            cell("rootpainter", (0.0, 0.0, 0.4, 0.79), (0, 1, 3, 9)),
        ]
    )
    told = report.as_dict()["unmarked volumes"]["targets"]
    assert "0.800" in told["few slices"]
    assert told["few slices"].endswith(": reached.")
    assert told["queue"].endswith(": reached.")
    assert told["falls"].startswith("Of 3 adoptions 0 fell")
    assert "| ours | 1 |" in report.text()


def test_a_fall_beyond_the_interval_is_counted(script):
    good, bad = [[50.0, 1, 1, 0, 0, 0, 0]] * 8, [[20.0, 20, 20, 0, 0, 0, 0]] * 8
    ours = cell("ours", (0.5, 0.6, 0.8, 0.7), (0, 1, 2, 5), audit=[good, good, bad, bad])
    told = script("learning_report").Report([ours]).as_dict()["all volumes"]["targets"]
    assert told["falls"].startswith("Of 3 adoptions 1 fell")
    assert told["falls"].endswith("not reached.")


def test_a_volume_that_the_starter_knows_is_in_no_mean_of_the_others(script):
    cells = [
        cell("ours", (0.9, 0.9, 0.9, 0.9), (0, 1, 2, 5), "known*"),
        cell("ours", (0.1, 0.2, 0.3, 0.4), (0, 1, 2, 5), "new"),
    ]
    found = script("learning_report").Report(cells).as_dict()
    fair, every = (found[name]["dice by slices"][0] for name in ("unmarked volumes", "all volumes"))
    assert (fair["volumes"], fair["3"]) == (1, 0.3)
    assert (every["volumes"], every["3"]) == (2, pytest.approx(0.6))


def test_few_slices_are_judged_by_the_network_in_use_then_not_by_the_best_so_far(script):
    cells = [
        cell("ours", (0.5, 0.9, 0.6, 0.9), (0, 1, 2, 5)),
        cell("rootpainter", (0.0, 0.0, 0.4, 0.7), (0, 1, 3, 9)),
    ]
    told = script("learning_report").Report(cells).as_dict()["all volumes"]["targets"]["few slices"]
    assert "4 slices 0.600" in told
    assert told.endswith("not reached.")


def test_a_line_that_was_cut_off_is_computed_anew(script, tmp_path):
    cells = script("learning_cells")
    one, two = cell("ours", (0, 0, 0, 0), (0, 1, 2, 5)), cell("random", (0, 0, 0, 0), (0, 1, 2, 5))
    path = tmp_path / "r.jsonl"
    path.write_text(json.dumps(one) + "\n" + json.dumps(two)[:-9])
    assert [found["method"] for found in cells.read_results(path)] == ["ours"]


def test_rootpainter_s_loss_is_diluted_by_what_is_unknown(script):
    """The flaw that DOMAIN.md names must be in what we compare with, or it is no comparison."""
    import torch

    loss = script("learning_rootpainter")._loss

    def gradient(size):
        logits = torch.zeros(1, 1, size, size, requires_grad=True)
        defined, target = torch.zeros_like(logits), torch.zeros_like(logits)
        defined[..., :4, :4] = target[..., :4, :4] = 1
        loss(logits * defined, target).backward()
        return float(logits.grad[0, 0, 0, 0].abs())

    assert gradient(64) < gradient(8) / 10


def test_one_image_in_about_six_is_for_validation_by_rootpainter_s_rule(script):
    painter = script("learning_rootpainter")
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


def test_by_rootpainter_s_rules_nothing_is_corrected_before_a_network_was_trained(
    script, monkeypatch
):
    painter = script("learning_rootpainter")
    data = script("ladder_data")
    truth = np.zeros((6, 40, 40), bool)
    truth[:, 10:14, 10:14] = True
    item = data.Item("v", truth * 200, truth, data.VoxelSize(1, 1, 1), "bright")
    trained, corrected = [0.0], []
    corrections = painter._Painter._corrections

    def learn(self, _steps):
        if self.validation:
            self.training_s += 1
        trained[0] = self.training_s

    def correct(self, index, mask):
        corrected.append(trained[0])
        return corrections(self, index, mask)

    monkeypatch.setattr(painter._Painter, "learn", learn)
    monkeypatch.setattr(painter._Painter, "_corrections", correct)
    painter.rootpainter_rows(item, (1, 3, 6), 0, 20)
    assert len(corrected) == 4
    assert min(corrected) > 0


def test_by_rootpainter_s_rules_nothing_is_learned_from_the_audit_set(script):
    painter = script("learning_rootpainter")
    truth = np.ones((2, 80, 80), bool)
    item = type("Item", (), {"truth": truth})()
    audit = script("learning_cells").audit_of(item)
    made = painter._Painter(
        item,
        np.zeros(truth.shape, np.float32),
        painter.Pace(painter.PersonConfig()),
        lambda x: x - 1,
        np.random.default_rng(0),
        audit,
    )
    for index in range(2):
        made.annotate(index)
    assert audit.windows
    assert made.train[0].defined.any()
    for guarded in audit.guarded:
        box = guarded.intersection(painter.Box.of(truth.shape))
        for index, each in {**made.train, **made.validation}.items():
            if box.start[0] <= index < box.stop[0]:
                assert not each.defined[box.slices[1:]].any()
