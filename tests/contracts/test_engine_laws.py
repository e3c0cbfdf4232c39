"""How the engine splits the work never changes a number; what metrics keep by themselves is in test_metrics."""

from pathlib import Path
from typing import Any

import pytest
import torch
import toygan

from ganbench import registry
from ganbench.engine import cuts, shards
from ganbench.engine.cache import Cache
from ganbench.engine.ranks import finished
from ganbench.inputs import Samples
from ganbench.metrics import Metric, resolve
from tests.contracts.test_metrics import home
from tests.subjects import measure, plan

pytestmark = pytest.mark.usefixtures("untouched_random_state")


def cut(each: Metric) -> Metric:
    """Return a metric on few samples, where they are cheap on those of several shards."""
    if each.name.startswith("eqr"):  # rotations are slow
        return each.with_(count=9)
    return each.with_(count=150 if any(isinstance(it.source, Samples) for it in each.inputs().values()) else 33)


EVERY = tuple(cut(resolve(name)).name for name in registry.names("metrics") if home(name) == "waves")


@pytest.fixture(scope="module")
def fused(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    return measure(plan(EVERY), tmp_path_factory.mktemp("fused"))


@pytest.mark.parametrize("shard", [16, 48, 112])
def test_any_shard_split_gives_the_same_number(
    shard: int, fused: dict[str, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are equal; sums in float64 are added in another order, so moments may differ by rounding."""
    monkeypatch.setattr(cuts, "SHARD", shard)
    assert measure(plan(EVERY), tmp_path) == pytest.approx(fused, rel=1e-9, abs=1e-9)


def test_any_order_of_the_same_shards_gives_the_same_number(
    fused: dict[str, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three ranks, the last first: the first process stores what each has found, and merging goes by number."""
    monkeypatch.setattr(cuts, "SHARD", 32)
    in_order = measure(plan(EVERY), tmp_path / "in_order")
    built, cache = plan(EVERY), Cache(tmp_path / "ranks")
    with shards.Worker(built.context, 64) as worker:
        for one in built.passes:
            lacking = list(shards.missing(one, built.context, worker.tile, cache))
            for found in (found for rank in (2, 0, 1) for found in finished(worker, one, lacking[rank::3], print)):
                for query, block, accumulator in found.blocks:
                    cache.write(shards.block_key(one, query, built.context, worker.tile, block), accumulator)
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
