"""Laws that hold for every metric: how the work is split never changes a number."""

from pathlib import Path
from typing import Any

import pytest
import torch
import toygan

from ganbench.engine import shards
from ganbench.engine.cache import Cache
from tests.subjects import measure, metric, plan

pytestmark = pytest.mark.usefixtures("untouched_random_state")

EVERY = (
    "fid@150",
    "fid_full@90",
    "kid@150",
    "kid_full@150",
    "is@150",
    "pr3@70",
    "pr3_full@150",
    "ppl_zfull@33",
    "ppl_wfull@33",
    "ppl_zend@33",
    "ppl_wend@33",
    "ppl2_wend@40",
    "eqt_int@21",
    "eqt_frac@21",
    "eqr@9",
    "ls@60",
    "brightness@150",
)


@pytest.fixture(scope="module")
def fused(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    return measure(plan(EVERY), tmp_path_factory.mktemp("fused"))


@pytest.mark.parametrize("name", EVERY)
def test_alone_and_together_are_the_same_number(name: str, fused: dict[str, float], tmp_path: Path) -> None:
    alone = measure(plan([name]), tmp_path)
    assert alone
    assert alone == {key: fused[key] for key in alone}


@pytest.mark.parametrize("batch_size", [1, 7, 16, 1000])
def test_any_batch_size_gives_the_same_number(batch_size: int, fused: dict[str, float], tmp_path: Path) -> None:
    assert measure(plan(EVERY), tmp_path, batch_size) == fused


@pytest.mark.parametrize("shard", [16, 48, 112])
def test_any_shard_split_gives_the_same_number(
    shard: int, fused: dict[str, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are equal; sums in float64 are added in another order, so moments may differ by rounding."""
    monkeypatch.setattr(shards, "SHARD", shard)
    assert measure(plan(EVERY), tmp_path) == pytest.approx(fused, rel=1e-9, abs=1e-9)


def test_any_order_of_the_same_shards_gives_the_same_number(
    fused: dict[str, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three ranks, the last first: each leaves its shards in the cache, and merging goes by number."""
    monkeypatch.setattr(shards, "SHARD", 32)
    in_order = measure(plan(EVERY), tmp_path / "in_order")
    built, cache = plan(EVERY), Cache(tmp_path / "ranks")
    with shards.Worker(built.context, 64) as worker:
        for rank in (2, 0, 1):
            for one in built.passes:
                shards.work(built, worker, cache, one, lambda _: None, rank, 3)
        assert not any(list(shards.missing(one, built.context, worker.tile, cache)) for one in built.passes)
    assert measure(built, tmp_path / "ranks") == in_order


def test_the_order_of_merging_moves_no_number_beyond_rounding(tmp_path: Path) -> None:
    built = plan(["fid@200"])
    query = next(one for one in built.passes if one.source.name == "samples").queries[0]
    with shards.Worker(built.context, 64) as worker:
        source = built.passes[-1].source
        parts = [worker.shard(source, [query], at, at + 40, lambda _: None)[0] for at in range(0, 200, 40)]
    forth, back = query.into(), query.into()
    for part in parts:
        forth.merge(part)
    for part in reversed(parts):
        back.merge(part)
    for name, value in forth.state().items():
        torch.testing.assert_close(torch.as_tensor(value), torch.as_tensor(back.state()[name]), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "into", [metric(name).inputs()[key].into for name, key in (("fid@9", "fake"), ("kid@9", "fake"), ("eqr@9", "sums"))]
)
def test_accumulators_are_monoids_and_survive_their_state(into: Any) -> None:
    rows = torch.rand(12, 3, generator=torch.Generator().manual_seed(3))
    whole, left, right = into(), into(), into()
    whole.update(rows)
    left.update(rows[:5])
    right.update(rows[5:])
    left.merge(right)
    empty = into()
    empty.merge(whole)
    again = into.from_state(whole.state())
    assert whole.count == left.count == empty.count == again.count == 12
    for name, value in whole.state().items():
        torch.testing.assert_close(torch.as_tensor(left.state()[name]), torch.as_tensor(value), rtol=1e-14, atol=1e-14)
        assert (empty.state()[name] == value).all()
        assert (again.state()[name] == value).all()


def test_reals_against_themselves_have_distance_zero(tmp_path: Path) -> None:
    class Copies:
        """A folder of samples whose images are the reals."""

        img_resolution, img_channels = 32, 1

        def __len__(self) -> int:
            return 200

        def images(self, indices: Any) -> torch.Tensor:
            return (toygan.Stripes().images(indices).float() - 127.5) / 127.5

    values = measure(plan(["fid@200", "kid@200", "pr3@200"], Copies()), tmp_path)
    assert values["fid@200"] == 0
    assert values["pr3@200_precision"] == values["pr3@200_recall"] == 1
    assert values["kid@200"] <= 0  # the unbiased estimate of zero on equal sets is at most zero


def test_noise_belongs_to_the_image_not_to_the_batch(tmp_path: Path) -> None:
    one = measure(plan(["brightness@70"], toygan.Waves(noise=0.5)), tmp_path / "1", 1)
    other = measure(plan(["brightness@70"], toygan.Waves(noise=0.5)), tmp_path / "2", 64)
    silent = measure(plan(["brightness@70"]), tmp_path / "3")
    assert one == other != silent


def test_another_seed_is_another_number(fused: dict[str, float], tmp_path: Path) -> None:
    assert measure(plan(["fid@150"], seed=1), tmp_path)["fid@150"] != fused["fid@150"]
