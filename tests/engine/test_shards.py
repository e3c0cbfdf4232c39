"""Shards, tiles and threads."""

import itertools
from pathlib import Path
from typing import Any

import pytest
import torch
import toygan

from ganbench.engine import cuts
from ganbench.engine.cache import Cache
from ganbench.engine.cuts import SHARD, bounds
from ganbench.engine.plan import Plan
from ganbench.engine.ranks import finished
from ganbench.engine.shards import Worker, missing, tile_size
from ganbench.engine.work import work
from ganbench.errors import NonFiniteError
from tests.subjects import plan


def test_shards_cover_every_sample_once() -> None:
    assert bounds(SHARD * 2 + 5) == [(0, SHARD), (SHARD, 2 * SHARD), (2 * SHARD, 2 * SHARD + 5)]
    assert bounds(3) == [(0, 3)]


def test_tiles_depend_on_resolution_and_never_on_the_batch_on_a_cpu() -> None:
    def tile(resolution: int, batch: int) -> int:
        model = toygan.Waves()
        model.img_resolution = resolution
        return tile_size(plan(["brightness@20"], model).context, batch)

    assert [tile(32, batch) for batch in (1, 5, 64)] == [16, 16, 16]
    assert [tile(resolution, 8) for resolution in (64, 128, 256, 1024)] == [16, 4, 1, 1]


class Poisoned(toygan.Waves):
    """A model one of whose samples is NaN."""

    def mapping(self, z: torch.Tensor, c: Any = None, **truncation: Any) -> torch.Tensor:
        ws = super().mapping(z, c, **truncation)
        ws[(z - self.marked).abs().amax(1) < 1e-6] = float("nan")
        return ws


@pytest.mark.parametrize("sample", [0, 37, 63])
def test_a_nan_names_its_sample_and_nothing_is_stored(sample: int, tmp_path: Path) -> None:
    from ganbench.rng import Streams

    model = Poisoned()
    model.register_buffer("marked", Streams(0, (sample,)).normal("z", (6,))[0])
    built, cache = plan(["fid@64"], model), Cache(tmp_path)
    samples = built.passes[1]
    with Worker(built.context, 64) as worker, pytest.raises(NonFiniteError, match=rf"in sample {sample}:"):
        work(built, worker, cache, samples, lambda _: None)
    assert list(tmp_path.rglob("*")) == []


def test_nan_features_name_the_view_and_the_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Any, images: torch.Tensor) -> dict[str, torch.Tensor]:
        features = images.float().flatten(1)[:, :16]
        features[3, 2] = float("inf")
        return {"features": features}

    monkeypatch.setattr(toygan.Pool, "__call__", broken)
    built = plan(["fid@64"])
    with (
        Worker(built.context, 64) as worker,
        pytest.raises(NonFiniteError, match=r"Features.*reals, found .* in sample 3:"),
    ):
        work(built, worker, Cache(tmp_path), built.passes[0], lambda _: None)
    assert list(tmp_path.rglob("*")) == []


def test_progress_counts_every_sample_once(tmp_path: Path) -> None:
    built, seen = plan(["fid@150"]), []
    with Worker(built.context, 64) as worker:
        work(built, worker, Cache(tmp_path), built.passes[1], seen.append)
    assert sum(seen) == 150


def test_ranks_share_the_shards_and_leave_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuts, "SHARD", 32)
    built, done = plan(["fid@150"]), list[int]()
    with Worker(built.context, 64) as worker:
        lacking = list(missing(built.passes[1], built.context, worker.tile, Cache()))
        found = [each for rank in range(3) for each in finished(worker, built.passes[1], lacking[rank::3], done.append)]
    assert sum(done) == sum(each.samples for each in found) == 150
    blocks = sorted({block for each in found for _, block, _ in each.blocks})
    assert blocks[0][0] == 0
    assert blocks[-1][1] == 150
    assert all(one[1] == other[0] for one, other in itertools.pairwise(blocks))


def test_threads_have_their_own_input_transform_and_share_weights() -> None:
    context = plan(["eqr@9"]).context
    one, other = context.for_thread(), context.for_thread()
    one.model.set_transform(torch.zeros(3, 3))
    assert torch.equal(other.model.transform, torch.eye(3))
    assert one.model.weight.data_ptr() == other.model.weight.data_ptr()


def test_every_worker_thread_computes_on_one_core_and_the_caller_on_as_many_as_before() -> None:
    before = torch.get_num_threads()
    with Worker(plan(["fid@64"]).context, 64) as worker:
        found = [worker._pool.submit(torch.get_num_threads).result() for _ in range(20)]
        assert found == [1] * 20
        assert torch.get_num_threads() == before


def test_the_plan_serves_all_metrics_of_a_source_in_one_pass() -> None:
    built: Plan = plan(
        ["fid@100", "kid@150", "is@120", "eqt_int@9", "eqr@9", "ppl_wend@9", "ppl2_wend@9", "ppl_wfull@9"]
    )
    by_name = {one.source: one for one in built.passes}
    assert sorted(source.name for source in by_name) == [
        "path pairs in w", "path pairs in w", "reals", "samples", "transformed inputs",
    ]  # fmt: skip
    samples = next(one for source, one in by_name.items() if source.name == "samples")
    assert samples.count == 150
    assert sorted(query.count for query in samples.queries) == [100, 120, 150, 150]  # and the range of all
