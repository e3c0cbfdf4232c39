"""Training of StyleGAN3."""

import copy
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from baselines.stylegan2 import losses
from baselines.stylegan2.networks import Discriminator
from baselines.stylegan3.losses import blur, blur_sigma
from baselines.stylegan3.networks import Generator
from baselines.stylegan3.recipes import Recipe
from baselines.training.augment import translate
from baselines.training.data import Batches, Images, fingerprint
from baselines.training.ema import ema_beta
from baselines.training.grids import save_grid
from baselines.training.loop import Losses, Moment, OnTick, Phase, Schedule, Trainee, run
from baselines.training.optimizers import lazy_adam
from baselines.training.streams import normal, seeded, stream
from baselines.training.weights import save_weights

WEIGHTS = "stylegan3.safetensors"
GRID = 10  # samples in a row and in a column of the sample grid
EXTENDABLE = {"kimg", "tick_kimg", "snapshot_ticks"}  # may change when a run is resumed: no step depends on them


def train(
    images: Images,
    recipe: Recipe,
    run_dir: Path,
    *,
    recipe_name: str = "custom",
    labels: Tensor | None = None,
    resume: bool = False,
    device: torch.device | str = "cpu",
    seed: int = 0,
    data_fingerprint: str | None = None,
    on_tick: OnTick | None = None,
) -> Path:
    """Return the path of the averaged generator's weights, ``run_dir / "stylegan3.safetensors"``, after training.

    The weights and a sample grid ``samples-KIMG.png`` are also written with every snapshot; ``log.jsonl`` has a line a
    tick. The weights' header has ``model``, ``config`` (arguments of ``Generator``), ``recipe``, ``kimg``, ``seed`` and
    ``data_fingerprint``.

    Args:
        images: N square images ``[C, R, R]`` uint8, such as a tensor ``[N, C, R, R]``; R a power of two.
        recipe: all settings, such as ``RECIPES["digits32"]``.
        run_dir: the run's folder; made where it is missing.
        recipe_name: for the header.
        labels: ``[N, c_dim]`` float32 one-hot labels for a conditional model, or None.
        resume: go on from the last whole snapshot in ``run_dir``.
        device: where to train.
        seed: of all randomness: on a CPU the same seed gives the same weights.
        data_fingerprint: says which images these are; None computes it from their content.
        on_tick: told of each tick: step, kimg, sec_per_kimg, eta (seconds), losses, and weights (a path, or None).

    Raises:
        ValueError: no images, images that are not square or a power of two, a folder that already has a run, nothing to
            resume, settings other than the snapshot's, or a loss that is not finite.
        OSError: ``run_dir`` cannot be written.
        KeyboardInterrupt: stopped by SIGINT or SIGTERM, after a snapshot.
    """
    batches = Batches(images, labels, recipe.batch, seed, recipe.mirror)
    channels, resolution = checked_shape(images)
    content = data_fingerprint or fingerprint(images, labels)
    c_dim = 0 if labels is None else labels.shape[1]
    common: dict[str, Any] = {"c_dim": c_dim, "img_resolution": resolution, "img_channels": channels}
    config = {
        **common,
        **recipe.generator,
        "magnitude_ema_beta": 0.5 ** (recipe.batch / (recipe.magnitude_kimg * 1000)),
    }
    with seeded(seed):
        G = Generator(**config).requires_grad_(False).to(device)
        D = Discriminator(**common, **recipe.discriminator).requires_grad_(False).to(device)
    notes = {"recipe": recipe_name, "seed": seed, "data_fingerprint": content, "recipe_settings": asdict(recipe)}
    run_dir = Path(run_dir)
    game = Game(G, D, copy.deepcopy(G).eval(), recipe, labels, run_dir, seed, config, notes)
    settings = {name: value for name, value in asdict(recipe).items() if name not in EXTENDABLE}
    tick = round(recipe.tick_kimg * 1000 / recipe.batch) or 1
    schedule = Schedule(
        steps=round(recipe.kimg * 1000 / recipe.batch),
        tick=tick,
        snapshot=tick * recipe.snapshot_ticks,
        settings=as_json({**settings, "seed": seed, "data_fingerprint": content}),
        seed=seed,
    )
    return run(game.trainee(), batches, schedule, run_dir, resume=resume, device=device, on_tick=on_tick)


@dataclass(frozen=True)
class Game:
    """The generator against the discriminator, with the average of the generator that is the outcome."""

    G: Generator
    D: Discriminator
    G_ema: Generator
    recipe: Recipe
    labels: Tensor | None
    run_dir: Path
    seed: int
    config: Mapping[str, Any]
    notes: Mapping[str, Any]

    def trainee(self) -> Trainee:
        """Return networks, optimisers and phases for the loop."""
        G, D, recipe = self.G, self.D, self.recipe
        g_adam = lazy_adam(G.parameters(), recipe.g_lr, recipe.betas, interval=None)
        d_adam = lazy_adam(D.parameters(), recipe.d_lr, recipe.betas, recipe.r1_interval)
        return Trainee(
            networks={"G": G, "D": D, "G_ema": self.G_ema},
            optimizers={"G": g_adam, "D": d_adam},
            phases=(
                Phase("Gmain", G, g_adam, self.generator_loss),
                Phase("Dmain", D, d_adam, self.discriminator_loss),
                Phase("Dreg", D, d_adam, self.r1_loss, recipe.r1_interval),
            ),
            averages=((self.G_ema, G),),
            ema_beta=lambda nimg: ema_beta(recipe.batch, nimg, recipe.ema_kimg, recipe.ema_rampup),
            export=self.export,
        )

    def generator_loss(self, at: Moment) -> Losses:
        """Return the loss of phase Gmain."""
        z, c = self.latents(at.stream("Gmain"), at.real.device)
        fake, _ = losses.generate(self.G, z, c)
        return losses.generator_loss(self.D, fake, c, self.view(at, "Gmain/view"))

    def discriminator_loss(self, at: Moment) -> Losses:
        """Return the loss of phase Dmain, whose pass of the generator is the one that moves its running averages."""
        z, c = self.latents(at.stream("Dmain"), at.real.device)
        with torch.no_grad():
            fake, _ = losses.generate(self.G, z, c, update_emas=True)
        return losses.discriminator_loss(self.D, at.real, at.labels, fake, c, self.view(at, "Dmain/view"))

    def r1_loss(self, at: Moment) -> Losses:
        """Return the loss of phase Dreg."""
        return losses.r1_loss(self.D, at.real, at.labels, self.recipe.r1_gamma, self.view(at, "Dreg/view"))

    def latents(
        self, draws: torch.Generator, device: torch.device | str, count: int | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Return latents ``[count, z_dim]`` and labels drawn from the data's; ``count`` is the batch unless told."""
        count = count or self.recipe.batch
        z = normal(draws, count, self.G.z_dim, device=device)
        if self.labels is None:
            return z, None
        return z, self.labels[torch.randint(len(self.labels), [count], generator=draws)].to(device)

    def view(self, at: Moment, purpose: str) -> losses.View:
        """Return what the discriminator sees of images in this step: shifted and blurred as the recipe has it."""
        sigma = blur_sigma(at.nimg, self.recipe.blur_init_sigma, self.recipe.blur_fade_kimg)
        draws = at.stream(purpose)
        return lambda images: blur(translate(images, self.recipe.translate, draws), sigma)

    def export(self, kimg: float) -> Path:
        """Return the path of the weights, written with a grid of samples."""
        path = self.run_dir / WEIGHTS
        save_weights(path, self.G_ema, model="stylegan3", config=self.config, kimg=kimg, **self.notes)
        device = next(self.G_ema.parameters()).device
        with torch.no_grad():
            z, c = self.latents(stream(self.seed, 0, "grid"), device, GRID**2)
            rows = zip(z.view(GRID, GRID, -1), [None] * GRID if c is None else c.view(GRID, GRID, -1), strict=True)
            images = torch.cat([self.G_ema(z_row, c_row) for z_row, c_row in rows])
        save_grid(self.run_dir / f"samples-{round(kimg):06d}.png", images, GRID)
        return path


def checked_shape(images: Images) -> tuple[int, int]:
    """Return channels and resolution.

    Raises:
        ValueError: the images are not square, or their size is no power of two.
    """
    channels, height, width = images[0].shape
    if height != width or height < 8 or height & (height - 1):
        raise ValueError(
            f"training images must be square with a power of two of pixels, not {width}x{height}: resize them."
        )
    return channels, height


def as_json(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as they come back from a JSON file (lists for tuples), so that the two can be compared."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in settings.items()}
