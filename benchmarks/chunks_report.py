"""The table of the chunk classifier: what its recipes reach on volumes unseen in training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from _tables import table
from chunks_cells import BALANCES, SEEDS, TRIALS, volumes_of
from chunks_data import CLASSES, TURNS
from napari_vessel.metrics import ClassScores, class_scores

Results = Sequence[dict[str, Any]]

FORERUNNER = {
    "recipe": "forerunner, as it reported",
    "balance": "?",
    "turns": "?",
    "accuracy": 0.884,
    "balanced accuracy": "?",
    "95 %": "?",
    "AUC": "?",
    "AUC of a turn": "?",
    "among vessels": "?",
}


def rows(results: Results) -> list[dict[str, Any]]:
    """Return a row for each recipe that all turns are there of, the forerunner's last."""
    found = []
    for recipe, balance in [(r, b) for r in (*SEEDS, "tuned") for b in BALANCES]:
        own = [r for r in results if (r["recipe"], r["balance"]) == (recipe, balance)]
        judged = _judged(recipe, own)
        if judged:
            found.append(_row(recipe, balance, judged))
    if found:
        found.insert(0, _majority(results))
    return [*found, FORERUNNER]


def text(results: Results) -> str:
    """Return the table, and how far the studies are."""
    trials = [r for r in results if r["recipe"] == "tuned"]
    done = len(trials)
    pruned = sum(r.get("pruned", False) for r in trials)
    hours = sum(r["seconds"] for r in results) / 3600
    return (
        table(rows(results))
        + f"\n\n{done} of {TRIALS * len(BALANCES) * len(TURNS)} trials ({pruned} given up early), "
        f"{hours:.1f} processor hours in all."
    )


def _judged(recipe: str, own: Results) -> Results:
    """Return one result for each turn: of seeds the mean, of trials the best by validation."""
    judged = []
    for at in range(len(TURNS)):
        here = [r for r in own if r["turn"] == at and "probability" in r]
        if not here:
            continue
        if recipe == "tuned":
            judged.append(max(here, key=lambda r: r["validation"]))
        elif recipe == "whole":
            mean = np.mean([r["probability"] for r in here], axis=0)
            judged.append(here[0] | {"probability": mean.tolist()})
        else:
            judged += here
    return judged


def _row(recipe: str, balance: str, judged: Results) -> dict[str, Any]:
    scores = _scored(judged)
    single = [_scored([r]).auc.value for r in judged]
    low, high = scores.balanced_accuracy.low, scores.balanced_accuracy.high
    turns = {r["turn"] for r in judged}
    return {
        "recipe": recipe,
        "balance": balance,
        "turns": f"{len(turns)} of {len(TURNS)}",
        "accuracy": scores.accuracy.value,
        "balanced accuracy": scores.balanced_accuracy.value,
        "95 %": f"{low:.2f}–{high:.2f}",
        "AUC": scores.auc.value,
        "AUC of a turn": float(np.mean(single)),
        "among vessels": _scored([_among_vessels(r) for r in judged]).balanced_accuracy.value,
    }


def _scored(judged: Results) -> ClassScores:
    probability = np.array([p for r in judged for p in r["probability"]])
    truth = np.array([t for r in judged for t in r["truth"]])
    volumes = [v for r in judged for v in volumes_of(r)]
    both = np.column_stack([1 - probability, probability])
    return class_scores(truth, both, CLASSES, groups=volumes)


def _among_vessels(result: dict[str, Any]) -> dict[str, Any]:
    """Leave out the volumes that hold no vessel, most of which lie outside of the organ."""
    volumes = volumes_of(result)
    held = {v for v, t in zip(volumes, result["truth"], strict=True) if t}
    kept = [at for at, volume in enumerate(volumes) if volume in held]
    among = {key: [result[key][at] for at in kept] for key in ("probability", "truth")}
    return among | {"volumes": [[volumes[at], 1] for at in kept]}


def _majority(results: Results) -> dict[str, Any]:
    other = ("parted", "small")  # cut or split otherwise
    seen = {r["turn"]: r["truth"] for r in results if "truth" in r and r["recipe"] not in other}
    truth = [value for values in seen.values() for value in values]
    nothing = dict.fromkeys(("balance", "95 %"), "")
    return {
        "recipe": "always background",
        "balance": nothing["balance"],
        "turns": f"{len(seen)} of {len(TURNS)}",
        "accuracy": 1 - float(np.mean(truth)),
        "balanced accuracy": 0.5,
        "95 %": nothing["95 %"],
        "AUC": 0.5,
        "AUC of a turn": 0.5,
        "among vessels": 0.5,
    }
