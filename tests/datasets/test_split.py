from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_vessel.datasets import PARTS, Sample, Split, split_samples
from napari_vessel.errors import SamplesError


def samples_of(groups: list[tuple[int, str]]) -> list[Sample]:
    return [Sample(f"s{at}", label, f"g{group}") for at, (group, label) in enumerate(groups)]


ANY = st.lists(st.tuples(st.integers(0, 12), st.sampled_from("abc")), min_size=1, max_size=60)


@given(ANY, st.integers(0, 3))
@settings(max_examples=12, deadline=None)
def test_a_group_is_never_in_two_parts_and_every_sample_in_one(
    groups: list[tuple[int, str]], seed: int
) -> None:
    samples = samples_of(groups)
    split = split_samples(samples, seed=seed)
    assert set(split.part) == {sample.name for sample in samples}
    parts: dict[str, set[str]] = {}
    for sample in samples:
        parts.setdefault(sample.group, set()).add(split.part[sample.name])
    assert all(len(found) == 1 for found in parts.values())
    assert sorted(at for part in PARTS for at in split.indices(part)) == list(range(len(samples)))


@given(st.lists(st.sampled_from("abc"), min_size=3, max_size=80), st.integers(0, 3))
@settings(max_examples=12, deadline=None)
def test_a_class_of_three_or_more_single_samples_is_in_every_part(
    labels: list[str], seed: int
) -> None:
    samples = samples_of(list(enumerate(labels)))
    split = split_samples(samples, seed=seed)
    counts = split.counts()
    for label, count in Counter(labels).items():
        if count >= 3:
            assert all(counts[part].get(label, 0) for part in PARTS)
        else:
            assert counts["train"].get(label, 0)
    assert bool(split.notes) == any(count < 3 for count in Counter(labels).values())


def test_each_class_is_shared_out_by_the_fractions() -> None:
    samples = samples_of([(at, "rare" if at % 10 == 0 else "often") for at in range(400)])
    counts = split_samples(samples).counts()
    assert [counts[part]["rare"] for part in PARTS] == [28, 6, 6]
    assert [counts[part]["often"] for part in PARTS] == [252, 54, 54]


def test_whole_groups_come_near_to_the_fractions() -> None:
    samples = samples_of([(at % 40, "ab"[at % 3 == 0]) for at in range(1200)])
    counts = split_samples(samples).counts()
    for label, total in (("a", 800), ("b", 400)):
        assert counts["train"][label] == pytest.approx(0.7 * total, abs=0.05 * total)
        assert counts["test"][label] == pytest.approx(0.15 * total, abs=0.05 * total)


def test_one_seed_gives_one_split_in_whichever_order_samples_come() -> None:
    samples = samples_of([(at // 3, "ab"[at % 2]) for at in range(90)])
    split = split_samples(samples, seed=5)
    assert split_samples(samples[::-1], seed=5).part == split.part
    assert split_samples(samples, seed=6).part != split.part


def test_a_class_in_two_groups_only_is_told() -> None:
    samples = samples_of([(0, "rare"), (1, "rare"), *[(at, "often") for at in range(2, 30)]])
    (note,) = split_samples(samples).notes
    assert "'rare'" in note
    assert "2 groups only" in note


def test_what_is_kept_keeps_its_part_and_new_samples_follow_their_group() -> None:
    old = samples_of([(at // 2, "ab"[at % 2]) for at in range(60)])
    kept = split_samples(old, seed=1)
    new = [*old, *(Sample(f"n{at}", "a", f"g{at % 50}") for at in range(50))]
    split = split_samples(new, seed=2, kept=kept)
    assert all(split.part[sample.name] == kept.part[sample.name] for sample in old)
    part_of = {sample.group: kept.part[sample.name] for sample in old}
    followers = [sample for sample in new[60:] if sample.group in part_of]
    assert followers
    assert all(split.part[sample.name] == part_of[sample.group] for sample in followers)


def test_a_split_written_is_read_the_same(tmp_path: Path) -> None:
    samples = [Sample('Niere "7", links/größe.png', "gut", "Spender ä"), Sample("b", None, "b")]
    split = split_samples(samples)
    split.write(tmp_path / "split.csv")
    assert Split.read(tmp_path / "split.csv") == split


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,part\na,training\n", "line 2: part 'training'; expected train, validation, test"),
        ("name,part\na,train\na,test\n", "line 3: 'a' stands twice"),
        ("name,part,group\na,train,g\nb,test,g\n", "group 'g' is in train .* and in test"),
        ("name,label\na,x\n", "no column part; found the columns name, label"),
    ],
)
def test_a_table_that_is_no_split_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "split.csv"
    path.write_text(text)
    with pytest.raises(SamplesError, match=message):
        Split.read(path)


def test_a_group_that_a_kept_split_would_part_is_refused() -> None:
    kept = split_samples(samples_of([(0, "a"), (1, "a"), (2, "a")]))
    joined = [Sample(f"s{at}", "a", "now one") for at in range(3)]
    with pytest.raises(SamplesError, match=r"now one.*would leak"):
        split_samples(joined, kept=kept)


def test_samples_that_were_not_split_are_named() -> None:
    split = split_samples(samples_of([(0, "a"), (1, "b")]))
    with pytest.raises(SamplesError, match=r"1 samples are in no part.*'new'"):
        split.indices("train", [Sample("new", "a", "g")])


@pytest.mark.parametrize("fractions", [(0.5, 0.5, 0.5), (0, 0.5, 0.5), (1.2, -0.1, -0.1)])
def test_fractions_that_are_none_are_refused(fractions: tuple[float, float, float]) -> None:
    with pytest.raises(SamplesError, match="add up to 1"):
        split_samples(samples_of([(0, "a")]), fractions)


def test_a_part_of_nothing_is_given_nothing() -> None:
    samples = samples_of([(at, "ab"[at % 2]) for at in range(40)])
    split = split_samples(samples, (0.8, 0.2, 0.0))
    assert not len(split.indices("test"))
    assert not split.notes
