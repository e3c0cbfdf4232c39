"""Tiles: their shapes, order, threads and modes."""

import threading

import pytest
import torch

from baselines.ops.tiles import apart, can_tile, tile, tiled, workers


@pytest.mark.parametrize("threads", [1, 3])
def test_tiles_are_filled_up_and_come_back_in_order(threads):
    before, shapes = torch.get_num_threads(), []

    def doubled(x, y):
        assert y is None
        assert torch.get_num_threads() == 1
        shapes.append(x.shape)
        return x * 2

    x = torch.arange(14.0).reshape(7, 2)
    try:
        torch.set_num_threads(threads)
        assert torch.equal(tiled(doubled, 3, x, None), x * 2)
    finally:
        torch.set_num_threads(before)
    assert shapes == [(3, 2)] * 3


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_results_belong_to_the_mode_of_the_caller(mode):
    with mode():
        y = tiled(lambda x: x + 1, 2, torch.zeros(3))
    assert y.is_inference() == (mode is torch.inference_mode)
    assert not y.requires_grad


def test_an_error_in_a_tile_reaches_the_caller():
    def broken(x):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        tiled(broken, 2, torch.zeros(5))


def test_only_batches_on_the_cpu_without_gradients_are_tiled():
    x = torch.zeros(2)
    assert not can_tile(x)
    with torch.no_grad():
        assert can_tile(x)
        assert not can_tile(x[:0])
        assert not can_tile(x.to("meta"))


def test_a_tile_is_a_copy_of_its_own():
    x = torch.arange(5.0)
    assert tile(None, 0, 2) is None
    assert tile(x, 0, 2).tolist() == [0, 1]
    assert tile(x, 4, 3).tolist() == [4, 4, 4]
    tile(x, 0, 5).zero_()
    assert x.tolist() == [0, 1, 2, 3, 4]


def test_workers_stay_on_one_core_whatever_the_process_sets_later():
    def count(x):
        return torch.full_like(x, torch.get_num_threads())

    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        workers.cache_clear()
        with pytest.raises(ZeroDivisionError):
            tiled(lambda x: 1 / 0, 1, torch.zeros(2))  # so that the workers start, but do not compute yet
        torch.set_num_threads(3)
        torch.set_num_threads(2)
        assert tiled(count, 1, torch.zeros(8)).tolist() == [1] * 8
        elsewhere = []
        thread = threading.Thread(target=lambda: elsewhere.append(torch.get_num_threads()))
        thread.start()
        thread.join()
        assert elsewhere == [2]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_small_work_beside_the_tiles_is_done_on_one_core_in_the_callers_mode() -> None:
    for inference in (False, True):
        with torch.inference_mode(inference):
            assert apart(torch.get_num_threads) == 1
            assert apart(torch.is_inference_mode_enabled) is inference
            assert apart(torch.is_grad_enabled) is False
