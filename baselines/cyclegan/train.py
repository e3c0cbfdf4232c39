"""Training of CycleGAN: two translators that undo each other, each against a discriminator of its outcome."""

import random
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from baselines.cyclegan.data import Unpaired, resized
from baselines.cyclegan.losses import discriminator_loss, distance, gan_loss, gradient_penalty
from baselines.cyclegan.networks import Generators, check_size, discriminator, initialise
from baselines.cyclegan.pool import Draws, ImagePool
from baselines.cyclegan.recipes import Recipe
from baselines.cyclegan.schedule import lr_factor
from baselines.training.data import Images, fingerprint
from baselines.training.game import schedule_of
from baselines.training.grids import save_grid
from baselines.training.loop import Losses, Moment, OnTick, Phase, Trainee, run
from baselines.training.streams import seeded
from baselines.training.weights import save_weights

MODEL = "cyclegan"
GRID = 10  # images of each domain in the sample grid


def train(
    images_A: Images,
    images_B: Images,
    recipe: Recipe,
    run_dir: Path,
    *,
    recipe_name: str = "custom",
    domains: tuple[str, str] = ("A", "B"),
    resume: bool = False,
    device: torch.device | str = "cpu",
    seed: int = 0,
    data_fingerprint: str | None = None,
    on_tick: OnTick | None = None,
) -> Path:
    """Return the path of the generators' weights, ``run_dir / "cyclegan.safetensors"``, after training.

    The weights and a grid ``samples-KIMG.png`` are also written with every snapshot; ``log.jsonl`` has a line a tick.
    The header of the weights has ``model``, ``config`` (arguments of ``Generators``), ``domains``, ``img_resolution``,
    ``recipe``, ``kimg``, ``seed`` and ``data_fingerprint``. A kimg is a thousand images of each domain.

    Args:
        images_A: of the first domain, ``[C, H, W]`` uint8, such as a tensor ``[N, C, H, W]``.
        images_B: of the second domain, likewise.
        recipe: all settings, such as ``RECIPES["digits32"]``.
        run_dir: the run's folder; made where it is missing.
        recipe_name: for the header.
        domains: what the two are called.
        resume: go on from the last whole snapshot in ``run_dir``.
        device: where to train.
        seed: of all randomness: on a CPU the same seed gives the same weights.
        data_fingerprint: says which images these are; None computes it from their content.
        on_tick: told of each tick: step, kimg, sec_per_kimg, eta (seconds), losses, and weights (a path, or None).

    Raises:
        ValueError: no images, images that do not fit the networks, a run longer than its epochs, a folder that already
            has a run, nothing to resume, settings other than the snapshot's, or a loss that is not finite.
        OSError: ``run_dir`` cannot be written.
        KeyboardInterrupt: stopped by SIGINT or SIGTERM, after a snapshot.
    """
    augmentation = {name: getattr(recipe, name) for name in ("mirror", "load_size", "crop_size", "translate")}
    batches = Unpaired(images_A, None, recipe.batch, seed, others=images_B, **augmentation)
    content = data_fingerprint or fingerprint(images_A, None) + fingerprint(images_B, None)
    notes = {"domains": list(domains), "recipe": recipe_name, "seed": seed, "data_fingerprint": content}
    channels = {"input_nc": images_A[0].shape[0], "output_nc": images_B[0].shape[0]}
    shown = batches.draw(0)[0].shape
    outcome = Outcome(Path(run_dir), {**recipe.generator, **channels}, notes, grid_of(batches))
    played = CycleGAN(recipe, outcome, shown[1:], batches.epoch_size, seed, device)
    schedule = schedule_of(recipe, batches, content, length_of(recipe, batches))
    return run(played.trainee(), batches, schedule, Path(run_dir), resume=resume, device=device, on_tick=on_tick)


@dataclass(frozen=True)
class Outcome:
    """What is written, where, and what it is to say of itself.

    Attributes:
        run_dir: the run's folder.
        config: keyword arguments of ``Generators``.
        notes: more for the header of the weights.
        shown: images for the sample grid, ``[2 * n, C, H, W]``, -1..1: those of domain A before those of B.
    """

    run_dir: Path
    config: Mapping[str, Any]
    notes: Mapping[str, Any]
    shown: Tensor


@dataclass
class CycleGAN:
    """Generators, discriminators and pools in one game.

    Attributes:
        recipe: the settings.
        outcome: what is to come of it.
        shape: of an image as the networks see it, ``[C, H, W]``.
        epoch_size: images of each domain in an epoch.
        seed: of the first weights.
        device: of the networks.
        draws: gives a step's random numbers for the pools.
        G: ``G_A`` from A to B, and ``G_B`` back.
        D_A, D_B: ``D_A`` judges what is to be of domain B, the outcome of G_A, and ``D_B`` of A.
    """

    recipe: Recipe
    outcome: Outcome
    shape: torch.Size
    epoch_size: int
    seed: int = 0
    device: torch.device | str = "cpu"
    draws: Callable[[Moment], Draws] = lambda at: random.Random(at.stream("pool").initial_seed())
    _fakes: tuple[Tensor, Tensor] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        recipe, shape = self.recipe, self.shape
        with seeded(self.seed):
            self.G = Generators(**self.outcome.config)
            self.D_A, self.D_B = (discriminator(**{**recipe.discriminator, "input_nc": shape[0]}) for _ in range(2))
            for network in (self.G, self.D_A, self.D_B):
                initialise(network).to(self.device).requires_grad_(False)
        check_size(self.G.G_A, shape[1], shape[2])
        self.fake_A_pool, self.fake_B_pool = (ImagePool(recipe.pool_size, shape).to(self.device) for _ in range(2))

    def trainee(self) -> Trainee:
        """Return networks, optimisers and phases for the loop: generators first, then discriminators.

        Source: Zhu et al., section 4; the order, and that one Adam steps two networks, are the authors' code's.
        """
        G, D, recipe = (self.G,), (self.D_A, self.D_B), self.recipe
        self.g_adam, self.d_adam = (
            torch.optim.Adam([p for network in both for p in network.parameters()], recipe.lr, recipe.betas)
            for both in (G, D)
        )
        return Trainee(
            networks={name: getattr(self, name) for name in ("G", "D_A", "D_B", "fake_A_pool", "fake_B_pool")},
            optimizers={"G": self.g_adam, "D": self.d_adam},
            phases=(
                Phase("G", G, (self.g_adam,), self.generator_loss),
                Phase("D", D, (self.d_adam,), self.discriminator_loss),
            ),
            averages=(),
            ema_beta=lambda nimg: 0.0,
            export=self.export,
            prepare=self.prepare,
        )

    def prepare(self, at: Moment) -> None:
        """Set the learning rates of the epoch."""
        recipe, epoch = self.recipe, at.nimg // self.epoch_size + 1
        factor = lr_factor(epoch, recipe.lr_policy, recipe.n_epochs, recipe.n_epochs_decay, recipe.lr_decay_iters)
        for adam in (self.g_adam, self.d_adam):
            adam.param_groups[0]["lr"] = recipe.lr * factor

    def generator_loss(self, at: Moment) -> Losses:
        """Return the loss of phase G and its parts, weighted; the images made are kept for phase D."""
        G_A, G_B, recipe = self.G.G_A, self.G.G_B, self.recipe
        A, B = at.real.chunk(2)
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
        self._fakes = fake_A.detach(), fake_B.detach()
        return {**parts, "total": torch.stack(list(parts.values())).sum(0)}

    def discriminator_loss(self, at: Moment) -> Losses:
        """Return the loss of phase D, of real images against those made before the generators' step, or old ones."""
        draws, (A, B), (fake_A, fake_B) = self.draws(at), at.real.chunk(2), self._fakes
        shares = at.stream("penalty")
        parts = {
            "D_A": self.judged(self.D_A, B, self.fake_B_pool.query(fake_B, draws), shares),
            "D_B": self.judged(self.D_B, A, self.fake_A_pool.query(fake_A, draws), shares),
        }
        return {**parts, "total": parts["D_A"] + parts["D_B"]}

    def judged(self, D: nn.Module, real: Tensor, fake: Tensor, draws: torch.Generator) -> Tensor:
        """Return the loss of one discriminator, with the gradient penalty where the recipe has one."""
        loss = discriminator_loss(D, real, fake, self.recipe.gan_mode)
        if not self.recipe.gp_lambda:
            return loss
        shares = torch.rand(len(real), generator=draws).to(real.device)
        return loss + gradient_penalty(D, real, fake, shares, self.recipe.gp_lambda)

    def export(self, kimg: float) -> Path:
        """Return the path of the generators' weights, written together with a grid of translations."""
        path = self.outcome.run_dir / f"{MODEL}.safetensors"
        notes = {**self.outcome.notes, "img_resolution": self.shape[1], "recipe_settings": asdict(self.recipe)}
        save_weights(path, self.G, model=MODEL, config=self.outcome.config, kimg=kimg, **notes)
        self.save_samples(f"{round(kimg):06d}")
        return path

    @torch.no_grad()
    def save_samples(self, name: str) -> None:
        """Write ``samples-NAME.png``, rows of A, its translations and them translated back; then the same from B."""
        self.G.eval()
        rows: list[Tensor] = []
        A, B = self.outcome.shown.to(self.device).chunk(2)
        for real, there, back in ((A, self.G.G_A, self.G.G_B), (B, self.G.G_B, self.G.G_A)):
            fake = there(real)
            rows += [real, fake, back(fake)]
        self.G.train()
        save_grid(self.outcome.run_dir / f"samples-{name}.png", torch.cat(rows), len(A))


def length_of(recipe: Recipe, batches: Unpaired) -> float:
    """Return a run's length, in thousands of images of each domain.

    Raises:
        ValueError: it is to be longer than its epochs.
    """
    whole = (recipe.n_epochs + recipe.n_epochs_decay) * batches.epoch_size / 1000
    if recipe.kimg is not None and recipe.kimg > whole:
        raise ValueError(f"the recipe's epochs show {whole:g} kimg, not {recipe.kimg:g}: lower kimg or raise n_epochs.")
    return recipe.kimg or whole


def grid_of(batches: Unpaired) -> Tensor:
    """Return the first images of both domains, ``[2 * n, C, H, W]`` float32, -1..1, resized as for testing."""
    count = min(GRID, len(batches.images), len(batches.others))
    chosen = [images[index] for images in (batches.images, batches.others) for index in range(count)]
    size = batches.crop_size or batches.load_size
    return torch.stack([resized(image, size) if size else image for image in chosen]).float() / 127.5 - 1
