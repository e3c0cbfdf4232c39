"""Translators in parts of a batch and in several processes, against one process that takes whole batches."""

import pytest
import torch

from baselines.errors import TrainingError
from baselines.training.ranks import RankSlice, interleaved, parts_of_batches
from tests.cyclegan.test_train import training
from tests.training import translators
from tests.training.test_ranks import launched


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    folder = tmp_path_factory.mktemp("several")
    process = launched("tests.training.translators", str(folder))
    process.communicate(timeout=300)
    assert process.returncode == 0
    return torch.load(folder / "several.pt", weights_only=True)


def assert_alike(found, expected):
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        # Instance norm takes a bias before it away: the gradient is 0, and Adam follows its rounding.
        atol = 1e-5 if name.endswith(".bias") else 1e-10
        torch.testing.assert_close(found[name], tensor, rtol=1e-8, atol=atol, msg=lambda m, n=name: f"{n}: {m}")


@pytest.mark.parametrize("name", translators.NAMES)
def test_several_processes_and_parts_give_what_one_process_gives(several, name):
    whole = translators.steps(name)
    assert_alike(several[name], whole)
    assert_alike(translators.steps(name, parts=4), whole)


@pytest.mark.parametrize("change", [{"norm": "batch"}, {"use_dropout": True}])
def test_batches_that_must_stay_whole_are_not_shared(change):
    plan = training(generator={"netG": "resnet", "ngf": 1, "n_blocks": 1, **change}).plan()
    with pytest.raises(TrainingError, match=r"expected batch_gpu of at least 4 for this model, .* found 2: leave it"):
        parts_of_batches(plan.group, [4], 2)


def test_dealing_out_a_batch_can_be_undone():
    batch = torch.arange(12)
    assert torch.equal(interleaved([RankSlice(rank, 3).of(batch) for rank in range(3)]), batch)
