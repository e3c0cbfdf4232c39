"""Where samples are cut: nothing is lost, blocks lie within shards, and there are enough groups and not too many."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from ganbench.engine.cuts import BLOCKS, GROUPS, SHARD, SMALLEST, blocks, bounds, groups


@settings(deadline=None)  # a loaded machine may take long
@given(st.integers(1, 60_000), st.sampled_from([SHARD, SHARD // 2, 102, 10]))
def test_samples_are_cut_into_groups_of_blocks_within_shards(count: int, shard: int) -> None:
    cut = [block for group in groups(count, shard) for block in group]
    assert cut == blocks(count, shard)
    assert (cut[0][0], cut[-1][1]) == (0, count)
    assert all(one[1] == other[0] for one, other in pairwise(cut))
    assert all(start < stop for start, stop in cut)
    assert {start for start, _ in bounds(count, shard)} <= {start for start, _ in cut}
    assert len(groups(count, shard)) <= GROUPS
    if count >= 2 * BLOCKS * SMALLEST and shard >= 2 * SMALLEST:
        assert len(groups(count, shard)) >= BLOCKS


def test_many_samples_are_cut_into_whole_shards_alone() -> None:
    assert blocks(50_000, SHARD) == bounds(50_000, SHARD)
    assert [len(group) for group in groups(50_000, SHARD)] == [4] * 12 + [1]
    assert blocks(2000, SHARD)[:2] == [(0, 128), (128, 256)]
