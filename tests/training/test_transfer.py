"""Networks that start from other weights: what is copied, what stays, and what is said of it."""

import pytest
import torch
from torch import nn

from baselines.errors import TrainingError
from baselines.stylegan1.networks import Generator as StyleGAN1Generator
from baselines.stylegan2.networks import Discriminator, Generator
from baselines.stylegan3.networks import Generator as StyleGAN3Generator
from baselines.training.transfer import Start, begin_from, note_of

STYLES = {"z_dim": 4, "w_dim": 4, "img_channels": 1, "mapping_kwargs": {"num_layers": 2}}
SMALL = {**STYLES, "c_dim": 0, "channel_base": 64, "channel_max": 4}


def states(**networks: nn.Module):
    return {name: network.state_dict() for name, network in networks.items()}


def differing(network: nn.Module, before: dict) -> set[str]:
    return {name for name, tensor in network.state_dict().items() if not torch.equal(tensor, before[name])}


def test_everything_is_copied_between_equal_networks():
    source, own = (Generator(**SMALL, img_resolution=16) for _ in range(2))
    (copied,) = begin_from({"G": own}, Start(states(G=source)))
    assert not differing(own, source.state_dict())
    assert (copied.copied, copied.of, copied.absent, copied.reshaped) == (copied.of, copied.of, (), {})


@pytest.mark.parametrize(("there", "here"), [(32, 16), (16, 32)])
@pytest.mark.parametrize("network", [Generator, Discriminator])
def test_another_resolution_copies_the_blocks_of_both(network, there, here):
    size = {"channel_base": 1024, "channel_max": 4}  # as many channels at every resolution
    more = size if network is Discriminator else {**STYLES, **size}
    source, own = (network(**{"img_channels": 1, "c_dim": 0, **more}, img_resolution=r) for r in (there, here))
    before = {name: tensor.clone() for name, tensor in own.state_dict().items()}
    (copied,) = begin_from({"N": own}, Start(states(N=source)))
    kept = {name for name in before if "b32" in name or (network is Discriminator and "b16.fromrgb" in name)}
    shared = {name for name in before if not name.endswith("filter")} - kept
    assert copied.copied == len(shared)
    assert not any(not torch.equal(own.state_dict()[name], source.state_dict()[name]) for name in shared)
    assert differing(own, before) <= shared
    assert set(copied.absent) == {name for name in kept if not name.endswith("filter")}


def test_resolutions_of_a_growing_generator_are_copied_too():
    more = {**STYLES, "c_dim": 0, "fmap_base": 1024, "fmap_max": 4}
    source, own = (StyleGAN1Generator(**more, img_resolution=size) for size in (16, 32))
    (copied,) = begin_from({"G": own}, Start(states(G=source)))
    assert copied.copied == sum(name in source.state_dict() for name in own.state_dict())
    assert copied.absent
    assert not copied.reshaped


def test_another_number_of_classes_leaves_the_layers_of_the_label():
    source, own = (Generator(**{**SMALL, "c_dim": classes}, img_resolution=16) for classes in (10, 2))
    before = own.mapping.embed.weight.clone()
    (copied,) = begin_from({"G": own}, Start(states(G=source)))
    assert torch.equal(own.mapping.embed.weight, before)
    assert copied.reshaped == {"mapping.embed.weight": (source.mapping.embed.weight.shape, before.shape)}
    assert copied.copied == copied.of - 1
    assert str(copied).endswith("of another shape: mapping.embed.weight [4, 10] there, [4, 2] here")


def test_filters_stay_those_of_the_architecture():
    """Filters of StyleGAN3 depend on the resolution, though layers of two resolutions may have names in common."""
    common = {**SMALL, "num_layers": 4, "num_critical": 1, "img_resolution": 16}
    source, own = StyleGAN3Generator(**common), StyleGAN3Generator(**common)
    for name, buffer in source.named_buffers():
        if name.endswith("filter"):
            buffer.mul_(2)
    before = {name: tensor.clone() for name, tensor in own.state_dict().items()}
    begin_from({"G": own}, Start(states(G=source)))
    changed = differing(own, before)
    assert "synthesis.input.freqs" in changed
    assert not any(name.endswith("filter") for name in changed)


def test_an_average_and_its_network_stand_in_for_each_other():
    source, G, G_ema, D = *(nn.Linear(2, 2) for _ in range(3)), nn.Linear(3, 1)
    found = begin_from({"G": G, "D": D, "G_ema": G_ema}, Start(states(G_ema=source)))
    assert torch.equal(G.weight, source.weight)
    assert torch.equal(G_ema.weight, source.weight)
    assert [str(each) for each in found] == [
        "G: 2 of 2 tensors from G_ema",
        "D: new, as the source has none",
        "G_ema: 2 of 2 tensors",
    ]
    other = nn.Linear(2, 2)
    begin_from({"G_ema": G_ema}, Start(states(G=other)))
    assert torch.equal(G_ema.weight, other.weight)


def test_networks_in_files_of_their_own_become_parts_of_one():
    pair = nn.ModuleDict({"G_A": nn.Linear(1, 2), "G_B": nn.Linear(2, 1)})
    source = nn.Linear(2, 1)
    before = pair["G_A"].weight.clone()
    (copied,) = begin_from({"G": pair}, Start(states(G_B=source)))
    assert torch.equal(pair["G_B"].weight, source.weight)
    assert torch.equal(pair["G_A"].weight, before)
    assert str(copied) == "G: 2 of 4 tensors from G_B; not in the source: G_A.weight, G_A.bias"


def test_running_means_are_left_alone():
    mean = nn.BatchNorm1d(1, affine=False)
    found = begin_from({"G": nn.Linear(1, 1), "mean": mean}, Start(states(G=nn.Linear(1, 1), mean=mean)))
    assert [each.network for each in found] == ["G"]


def test_nothing_that_fits_is_refused():
    with pytest.raises(TrainingError, match=r"found no tensor of equal name and shape in a\.pkl: give other weights"):
        begin_from({"G": nn.Linear(1, 1)}, Start(states(D=nn.Linear(1, 1)), "a.pkl"))


def test_the_note_counts():
    start = Start(states(G=nn.Linear(1, 1)), "a.pkl", "0f")
    found = begin_from({"G": nn.Linear(1, 1), "D": nn.Linear(1, 1)}, start)
    assert note_of(start, found) == {
        "transfer": {"source": "a.pkl", "sha256": "0f", "tensors": {"G": [2, 2], "D": [0, 2]}}
    }
