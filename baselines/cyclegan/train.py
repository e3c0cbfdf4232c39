"""CycleGAN training: two generators that invert each other, each with a discriminator of its outputs."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Unpack

import torch
from torch import Tensor, nn

from baselines.cyclegan.data import Unpaired
from baselines.cyclegan.networks import Generators
from baselines.cyclegan.pool import Draws, ImagePool
from baselines.cyclegan.recipes import Recipe
from baselines.training import frame
from baselines.training.data import Images, fingerprint, to_float
from baselines.training.frame import Identity, PreparedRun, RunOutput, schedule_of
from baselines.training.loop import Losses, OnTick, Phase, StepContext, TrainPlan
from baselines.training.ranks import RankSlice, gathered, interleaved
from baselines.training.settings import building, check
from baselines.training.streams import moved, seeded
from baselines.translation.initialisation import initialise
from baselines.translation.losses import discriminator_loss, distance, gan_loss, gradient_penalty
from baselines.translation.networks import discriminator
from baselines.translation.settings import check_networks, check_policy, directed, length_of, rate_factor
from baselines.translation.sizes import check_patches, check_size

__all__ = ["Training", "prepare", "train"]

GRID = 10  # images of each domain in the sample grid


class Options(frame.Options, total=False):
    """Options of a run besides images, recipe and folder; see ``prepare``."""

    domains: tuple[str, str]


def prepare(
    images_A: Images,
    images_B: Images,
    recipe: Recipe,
    run_dir: Path,
    *,
    domains: tuple[str, str] = ("A", "B"),
    **options: Unpack[frame.Options],
) -> PreparedRun["Training"]:
    """Return a run that is ready to start, with settings and data checked and the networks built.

    Args:
        images_A: images of the first domain, ``[C, H, W]`` uint8, such as a tensor ``[N, C, H, W]``.
        images_B: images of the second domain, in the same form.
        recipe: all settings, such as ``RECIPES["digits32"]``.
        run_dir: the run folder; nothing is written yet.
        domains: names of the two domains.
        options: see ``baselines.training.frame.Identity``.

    Raises:
        SettingsError: a setting is unknown, of the wrong kind or out of range, or the run is longer than its epochs.
        TrainingError: a domain has no images, or the networks do not take images of this size.
    """
    identity, recipe = Identity.of(options), check(recipe)
    check_networks(recipe.generator, recipe.discriminator)
    check_policy(recipe)
    domains = directed(recipe, *domains)
    images_A, images_B = directed(recipe, images_A, images_B)
    names = ("preprocess", "mirror", "load_size", "crop_size", "translate")
    augmentation = {name: getattr(recipe, name) for name in names}
    batches = Unpaired(images_A, None, recipe.batch, identity.seed, others=images_B, **augmentation)
    content = identity.data_fingerprint or fingerprint(images_A, None) + fingerprint(images_B, None)
    channels = {"input_nc": images_A[0].shape[0], "output_nc": images_B[0].shape[0]}
    shape, config = batches.draw(0)[0].shape[1:], {**recipe.generator, **channels}
    output = RunOutput.of(run_dir, config, recipe, identity, content, domains=list(domains), img_resolution=shape[1])
    with building("the networks"):
        training = Training(
            recipe, output, shape, batches.epoch_size, identity.seed, identity.device, shown=grid_of(batches)
        )
    schedule = schedule_of(recipe, batches, content, length_of(recipe, batches.epoch_size))
    return PreparedRun(training, batches, schedule, identity.device, identity.hardware)


def train(
    images_A: Images,
    images_B: Images,
    recipe: Recipe,
    run_dir: Path,
    *,
    resume: bool = False,
    on_tick: OnTick | None = None,
    **options: Unpack[Options],
) -> Path:
    """Train, and return the path of the generators' weights, ``run_dir / "cyclegan.safetensors"``.

    The header of the weights also has ``domains`` and ``img_resolution``; a kimg is a thousand images of each domain.
    For arguments and errors see ``prepare`` and ``PreparedRun.run``.
    """
    return prepare(images_A, images_B, recipe, run_dir, **options).run(resume=resume, on_tick=on_tick)


@dataclass
class Training(frame.Training):
    """Generators, discriminators and pools.

    Attributes:
        recipe: the settings.
        output: the run folder, and the content of the weights' header.
        shape: shape of the images as the networks see them, ``[C, H, W]``.
        epoch_size: images of each domain in an epoch.
        seed: seed of the initial weights.
        device: device of the networks.
        draws: returns a step's random numbers for the pools.
        shown: images for the sample grid, ``[2 * n, C, H, W]``, -1..1: those of domain A before those of B.
        G: the generators ``G_A`` from A to B, and ``G_B`` from B to A.
        D_A, D_B: ``D_A`` discriminates images of B from outputs of G_A, ``D_B`` images of A from outputs of G_B.
    """

    model = "cyclegan"

    recipe: Recipe
    output: RunOutput
    shape: torch.Size
    epoch_size: int
    seed: int = 0
    device: torch.device | str = "cpu"
    draws: Callable[[StepContext], Draws] = lambda at: random.Random(at.stream("pool").initial_seed())
    shown: Tensor = field(default_factory=lambda: torch.empty(0), repr=False)
    _fakes: list[tuple[Tensor, Tensor]] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        recipe, shape = self.recipe, self.shape
        with seeded(self.seed):
            self.G = Generators(**self.output.config)
            self.D_A, self.D_B = (discriminator(**{**recipe.discriminator, "input_nc": shape[0]}) for _ in range(2))
            for network in (self.G, self.D_A, self.D_B):
                initialise(network, self.recipe.init_type, self.recipe.init_gain).to(self.device).requires_grad_(False)
        check_size(self.G.G_A, shape[1], shape[2])
        check_patches(self.D_A, shape[1], shape[2])
        self.fake_A_pool, self.fake_B_pool = (ImagePool(recipe.pool_size, shape).to(self.device) for _ in range(2))

    def plan(self) -> TrainPlan:
        """Return the networks, optimisers and phases of the training loop: generators first, then discriminators.

        Source: Zhu et al. (ICCV 2017), section 4; the order, and one Adam for each pair of networks, are as in the
        authors' code.
        """
        G, D, recipe = (self.G,), (self.D_A, self.D_B), self.recipe
        self.g_adam, self.d_adam = (
            torch.optim.Adam([p for network in both for p in network.parameters()], recipe.lr, recipe.betas)
            for both in (G, D)
        )
        return TrainPlan(
            networks={name: getattr(self, name) for name in ("G", "D_A", "D_B", "fake_A_pool", "fake_B_pool")},
            optimizers={"G": self.g_adam, "D": self.d_adam},
            phases=(
                Phase("G", G, (self.g_adam,), self.generator_loss),
                Phase("D", D, (self.d_adam,), self.discriminator_loss, once=lambda at, parts: self.pooled(at)),
            ),
            averages=(),
            ema_beta=lambda nimg: 0.0,
            export=self.export,
            prepare=self.prepare,
            # Batch norm compares all images of a batch, and dropout draws for all of them.
            group=None if any(isinstance(m, nn.BatchNorm2d | nn.Dropout) for m in self.modules()) else 1,
        )

    def modules(self) -> Iterator[nn.Module]:
        """Yield all layers of the networks."""
        return chain.from_iterable(network.modules() for network in (self.G, self.D_A, self.D_B))

    def prepare(self, at: StepContext) -> None:
        """Set the learning rates of the current epoch."""
        factor = rate_factor(self.recipe, at.nimg // self.epoch_size + 1)
        for adam in (self.g_adam, self.d_adam):
            adam.param_groups[0]["lr"] = self.recipe.lr * factor

    def generator_loss(self, at: StepContext) -> Losses:
        """Return the loss of phase G and its weighted parts; keep the generated images for phase D.

        Source: Zhu et al. (ICCV 2017), equations 1 to 3, and section 5.2 for the identity loss.
        """
        G_A, G_B, recipe = self.G.G_A, self.G.G_B, self.recipe
        A, B = at.real.chunk(2)
        # Dropout draws from the global random state, so that is seeded: a resumed run drops the same features.
        with seeded(at.stream("dropout").initial_seed()):
            fake_B, fake_A = G_A(A), G_B(B)
            rec_A, rec_B = G_B(fake_B), G_A(fake_A)
            parts = {
                "G_A": gan_loss(self.D_A(fake_B), True, recipe.gan_mode),
                "G_B": gan_loss(self.D_B(fake_A), True, recipe.gan_mode),
                "cycle_A": recipe.lambda_A * distance(rec_A, A),
                "cycle_B": recipe.lambda_B * distance(rec_B, B),
            }
            if recipe.lambda_identity:
                parts["idt_A"] = recipe.lambda_B * recipe.lambda_identity * distance(G_A(B), B)
                parts["idt_B"] = recipe.lambda_A * recipe.lambda_identity * distance(G_B(A), A)
        self._fakes = [*(self._fakes if at.part.rank else ()), (fake_A.detach(), fake_B.detach())]
        return {**parts, "total": torch.stack(list(parts.values())).sum(0)}

    def discriminator_loss(self, at: StepContext) -> Losses:
        """Return the loss of phase D, on real images and on fakes from the pools, made before the generators' step."""
        fakes = self.pooled(at) if at.shared is None else at.shared
        (A, B), (fake_A, fake_B) = at.real.chunk(2), (fake[at.part.slice] for fake in fakes)
        shares = at.stream("penalty")
        parts = {
            "D_A": self.judged(self.D_A, B, fake_B, shares, at.rows),
            "D_B": self.judged(self.D_B, A, fake_A, shares, at.rows),
        }
        return {**parts, "total": parts["D_A"] + parts["D_B"]}

    def pooled(self, at: StepContext) -> tuple[Tensor, Tensor]:
        """Return this process's fakes of A and of B from the pools, which take all processes' new fakes.

        Every process has all of both pools, and draws alike.
        """
        draws = self.draws(at)
        new_A, new_B = (gathered(interleaved(fakes)) for fakes in zip(*self._fakes, strict=True))
        fake_B = self.fake_B_pool.query(new_B, draws)
        return at.rows.of(self.fake_A_pool.query(new_A, draws)), at.rows.of(fake_B)

    def judged(self, D: nn.Module, real: Tensor, fake: Tensor, draws: torch.Generator, rows: RankSlice) -> Tensor:
        """Return the loss of one discriminator, with the gradient penalty if the recipe has one."""
        loss = discriminator_loss(D, real, fake, self.recipe.gan_mode)
        if not self.recipe.gp_lambda:
            return loss
        shares = moved(rows.of(torch.rand(rows.whole(len(real)), generator=draws)), real.device)
        return loss + gradient_penalty(D, real, fake, shares, self.recipe.gp_lambda)

    def result(self) -> nn.Module:
        """Return both generators."""
        return self.G

    def samples(self) -> tuple[Tensor, int]:
        """Return rows of images of A, their translations and those translated back, then of B; and the row length."""
        self.G.eval()
        rows: list[Tensor] = []
        A, B = self.shown.to(self.device).chunk(2)
        for real, there, back in ((A, self.G.G_A, self.G.G_B), (B, self.G.G_B, self.G.G_A)):
            fake = there(real)
            rows += [real, fake, back(fake)]
        self.G.train()
        return torch.cat(rows), len(A)


def grid_of(batches: Unpaired) -> Tensor:
    """Return the first n images of both domains, ``[2 * n, C, H, W]`` float32, -1..1, resized but not cropped."""
    count = min(GRID, len(batches.images), len(batches.others))
    chosen = [images[index] for images in (batches.images, batches.others) for index in range(count)]
    return to_float(torch.stack([batches.views.shown(image) for image in chosen]))
