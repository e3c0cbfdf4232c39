from itertools import pairwise

import pytest
import torch
import toygan

from ganbench.errors import BadInputError
from ganbench.pictures import Sampler, mixing, sweep, walk
from tests.pictures.models import Plain, Styled


def waves() -> Sampler:
    return Sampler(toygan.adapter.load(None, "cpu"), name="waves")


def test_a_sweep_has_seeds_in_rows_and_truncations_in_columns() -> None:
    sampler = waves()
    found = list(sweep(sampler, [4, 2], [0.0, 0.5, 1.0]))
    wanted = [sampler.image(seed, psi) for seed in (4, 2) for psi in (0.0, 0.5, 1.0)]
    assert all(torch.equal(a, b) for a, b in zip(found, wanted, strict=True))
    assert torch.equal(found[0], found[3])


def test_a_mixed_image_has_the_columns_styles_in_the_layers() -> None:
    sampler = Sampler(Styled(), label=1)
    cells = list(mixing(sampler, rows=[1, 2], columns=[8, 9, 10], layers=[0, 3]))
    assert len(cells) == 3 * 4
    assert cells[0] is None
    sources = {seed: sampler.image(seed)[0, :, 0] for seed in (1, 2, 8, 9, 10)}
    image = {i: cell[0, :, 0] for i, cell in enumerate(cells) if cell is not None}
    assert torch.equal(image[1], sources[8])
    assert torch.equal(image[4], sources[1])
    mixed = image[8 + 3]  # row of seed 2, column of seed 10
    for layer in range(7):
        assert mixed[layer] == sources[10 if layer in (0, 3) else 2][layer]


def test_the_coarse_half_is_mixed_unless_told() -> None:
    sampler = Sampler(Styled(), label=1)
    told, untold = (list(mixing(sampler, [1], [8], layers)) for layers in ([0, 1, 2], None))
    assert told[3] is not None
    assert untold[3] is not None
    assert torch.equal(told[3], untold[3])


def test_mixing_names_a_layer_that_is_not_there() -> None:
    with pytest.raises(BadInputError, match="from 0 to 2 for waves, found 3"):
        list(mixing(waves(), [1], [2], [0, 3]))


@pytest.mark.parametrize("space", ["z", "w"])
def test_a_walk_passes_through_its_seeds(space: str) -> None:
    sampler = waves()
    frames = list(walk(sampler, [5, 6, 7], 4, space))  # type: ignore[arg-type]
    assert len(frames) == 2 * 4 + 1
    for frame, seed in ((0, 5), (4, 6), (8, 7)):
        assert (frames[frame].int() - sampler.image(seed).int()).abs().max() <= 1
    looped = list(walk(sampler, [5, 6, 7], 4, space, loop=True))  # type: ignore[arg-type]
    assert len(looped) == 3 * 4
    assert all(torch.equal(a, b) for a, b in zip(looped[:8], frames[:8], strict=True))


@pytest.mark.parametrize("space", ["z", "w"])
def test_a_walk_has_no_jumps(space: str) -> None:
    frames = list(walk(waves(), [1, 2], 32, space))  # type: ignore[arg-type]
    steps = [(a.float() - b.float()).abs().mean().item() for a, b in pairwise(frames)]
    whole = (frames[0].float() - frames[-1].float()).abs().mean().item()
    assert max(steps) < whole / 6
    assert sum(steps) >= whole


def test_a_walk_in_w_is_straight() -> None:
    rows = [frame[0, 0, 0].item() for frame in walk(Sampler(Styled(), label=0), [1, 4], 8, "w")]
    line = torch.linspace(rows[0], rows[-1], 9)
    assert rows[0] != rows[-1]
    assert (torch.tensor(rows) - line).abs().max() <= 1


def test_noise_stays_the_same_along_a_walk() -> None:
    frames = list(walk(Sampler(Styled(), label=0, noise_mode="random"), [1, 2], 3, "z"))
    assert len({frame[0, -1, 0].item() for frame in frames}) == 1


def test_a_plain_generator_walks_in_z_only() -> None:
    assert len(list(walk(Sampler(Plain()), [1, 2], 2, "z"))) == 3
    for study in (
        lambda s: walk(s, [1, 2], 2, "w"),
        lambda s: sweep(s, [1], [1.0]),
        lambda s: mixing(s, [1], [2], [0]),
    ):
        with pytest.raises(BadInputError, match="latent space w"):
            list(study(Sampler(Plain())))


def test_a_walk_in_z_wants_one_class() -> None:
    with pytest.raises(BadInputError, match="one class"):
        list(walk(Sampler(Styled()), [1, 2], 2, "z"))
    assert len(list(walk(Sampler(Styled()), [1, 2], 2, "w"))) == 3
