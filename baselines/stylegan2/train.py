"""StyleGAN2 training, whose phases StyleGAN3 shares."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Unpack

import torch
from torch import Tensor, nn

from baselines.ops.bias_act import ACTIVATIONS
from baselines.stylegan2 import losses
from baselines.stylegan2.discriminator import DiscriminatorBlock, DiscriminatorEpilogue
from baselines.stylegan2.layers import SynthesisLayer
from baselines.stylegan2.mapping import MappingNetwork
from baselines.stylegan2.networks import Discriminator, FourierGenerator, Generator
from baselines.stylegan2.recipes import Recipe
from baselines.stylegan2.synthesis import SynthesisBlock, SynthesisNetwork
from baselines.training import stylegan
from baselines.training.augmented import Augmenting
from baselines.training.data import Images
from baselines.training.ema import ema_beta
from baselines.training.frame import PreparedRun, RunOutput
from baselines.training.loop import Losses, OnTick, Phase, StepContext, TrainPlan
from baselines.training.optimizers import lazy_adam
from baselines.training.ranks import RankSlice
from baselines.training.settings import Arguments
from baselines.training.streams import moved, normal

__all__ = ["PathLength", "Training", "prepare", "train"]


def prepare(
    images: Images, recipe: Recipe, run_dir: Path, **options: Unpack[stylegan.Options]
) -> PreparedRun["Training"]:
    """Return a run that is ready to start; see ``baselines.training.stylegan.prepare`` for arguments and errors."""
    training = FourierTraining if recipe.generator.get("fourier_features") else Training
    return stylegan.prepare(training, images, recipe, run_dir, **options)


def train(
    images: Images,
    recipe: Recipe,
    run_dir: Path,
    *,
    resume: bool = False,
    on_tick: OnTick | None = None,
    **options: Unpack[stylegan.Options],
) -> Path:
    """Train, and return the path of the averaged generator's weights, ``run_dir / "stylegan2.safetensors"``.

    With ``fourier_features`` among the generator's settings, the file is ``stylegan2-fourier.safetensors``.

    For arguments and errors see ``baselines.training.stylegan.prepare`` and ``PreparedRun.run``.
    """
    return prepare(images, recipe, run_dir, **options).run(resume=resume, on_tick=on_tick)


NAMES = {"activation": tuple(ACTIVATIONS)}
MAPPING = Arguments((MappingNetwork,), choices=NAMES)
SET_BY_BLOCK = frozenset({"up", "down"})
SYNTHESIS = Arguments((SynthesisNetwork, SynthesisBlock, SynthesisLayer), SET_BY_BLOCK | {"use_fp16"}, choices=NAMES)
GENERATOR = Arguments(
    (Generator, *SYNTHESIS.of), SYNTHESIS.hidden, {"mapping_kwargs": MAPPING, "synthesis_kwargs": SYNTHESIS}, NAMES
)
SHARED = frozenset({"architecture", "conv_clamp", "use_fp16"})  # the discriminator passes these to all its parts
DISCRIMINATOR = Arguments(
    (Discriminator,),
    parts={
        "block_kwargs": Arguments((DiscriminatorBlock,), SHARED, choices=NAMES),
        "mapping_kwargs": MAPPING,
        "epilogue_kwargs": Arguments((DiscriminatorEpilogue,), SHARED, choices=NAMES),
    },
)


class PathLength(nn.Module):
    """The running mean of path lengths, as a module so that snapshots include it."""

    pl_mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("pl_mean", torch.zeros([]))


class Training(Augmenting):
    """StyleGAN2's training phases: both losses in every step, path length and R1 penalties lazily."""

    model = "stylegan2"
    generator_class: ClassVar[Callable[..., Any]] = Generator
    discriminator_class: ClassVar[Callable[..., Any]] = Discriminator
    generator_arguments = GENERATOR
    discriminator_arguments = DISCRIMINATOR
    recipe: Recipe

    @classmethod
    def discriminator_config(cls, recipe: Recipe) -> dict[str, Any]:
        """Return the discriminator's keyword arguments, except those determined by the data."""
        if not recipe.freeze_d:
            return super().discriminator_config(recipe)
        block = {**(recipe.discriminator.get("block_kwargs") or {}), "freeze_layers": recipe.freeze_d}
        return {**recipe.discriminator, "block_kwargs": block}

    def __init__(
        self, G: nn.Module, D: nn.Module, recipe: Recipe, output: RunOutput, seed: int = 0, labels: Tensor | None = None
    ) -> None:
        super().__init__(G, D, recipe, output, seed, labels)
        self.path_length = PathLength().to(self.device) if recipe.pl_weight > 0 else None

    def plan(self) -> TrainPlan:
        """Return the networks, optimisers and phases of the training loop."""
        G, D, recipe = self.G, self.D, self.recipe
        g_interval = None if self.path_length is None else recipe.pl_interval
        g_adam = lazy_adam(G.parameters(), recipe.g_lr, recipe.betas, g_interval)
        d_adam = lazy_adam(D.parameters(), recipe.d_lr, recipe.betas, recipe.r1_interval)
        networks = {"G": G, "D": D, "G_ema": self.G_ema, "path_length": self.path_length, "augment": self.augment}
        path = Phase(
            "Greg", (G,), (g_adam,), self.path_length_loss, recipe.pl_interval, 1, recipe.pl_batch_shrink, self.means
        )
        return TrainPlan(
            networks={name: network for name, network in networks.items() if network is not None},
            optimizers={"G": g_adam, "D": d_adam},
            phases=(
                Phase("Gmain", (G,), (g_adam,), self.generator_loss, once=self.before_generator),
                *(() if self.path_length is None else (path,)),
                Phase("Dmain", (D,), (d_adam,), self.discriminator_loss, once=self.before_discriminator),
                Phase("Dreg", (D,), (d_adam,), self.r1_loss, recipe.r1_interval),
            ),
            averages=((self.G_ema, G),),
            ema_beta=lambda nimg: ema_beta(recipe.batch, nimg, recipe.ema_kimg, recipe.ema_rampup),
            export=self.export,
            prepare=self.prepare,
            logged=self.logged,
            group=self.group(),
            mend_gradients=True,
        )

    def group(self) -> int:
        """Return the group size of the minibatch deviation; 1 without it."""
        layer = self.D.b4.mbstd
        return 1 if layer is None else layer.group_size or self.recipe.batch

    def generator_loss(self, at: StepContext) -> Losses:
        """Return the loss of phase Gmain."""
        fake, _, c = self.generate(at, "Gmain", self.recipe.batch)
        return losses.generator_loss(self.D, fake, c, self.view(at, "Gmain/view"))

    def before_generator(self, at: StepContext, parts: int) -> None:
        """Do what phase Gmain must do for the whole batch before its parts: nothing in StyleGAN2."""

    def path_length_loss(self, at: StepContext) -> Losses:
        """Return the loss of phase Greg, on a smaller batch than the other phases'."""
        assert self.path_length is not None
        mean, recipe = self.path_length.pl_mean, self.recipe
        return losses.path_length_loss(self.lengths(at), mean, recipe.pl_weight, recipe.pl_decay, at.shared)

    def lengths(self, at: StepContext, create_graph: bool = True) -> Tensor:
        """Return the path lengths of phase Greg, ``[N]``."""
        # Second derivatives take much memory, and the penalty needs few images.
        count = max(self.recipe.batch // self.recipe.pl_batch_shrink, 1)
        fake, ws, _ = self.generate(at, "Greg", count, None if create_graph else False)
        direction = self.noise(at, "Greg", count).normal("direction", fake.shape[1:]).to(fake)
        return losses.path_lengths(fake, ws, direction, create_graph)

    def means(self, at: StepContext, parts: int) -> losses.PathLengthMeans | None:
        """Return the mean path lengths of a batch taken in parts, which all its penalties need; else None."""
        if parts == 1:
            return None
        assert self.path_length is not None
        lengths = torch.cat([self.lengths(at.of_part(index, parts), create_graph=False) for index in range(parts)])
        return losses.path_length_means(lengths, self.path_length.pl_mean, self.recipe.pl_decay)

    def before_discriminator(self, at: StepContext, parts: int) -> tuple[Tensor, Tensor | None] | None:
        """Return phase Dmain's generated images and labels if they must be made for all parts at once; else None."""
        return None

    def discriminator_loss(self, at: StepContext) -> Losses:
        """Return the loss of phase Dmain, whose pass through the generator updates its running averages."""
        with torch.no_grad():
            fake, c = self.fakes(at)
        found = losses.discriminator_loss(self.D, at.real, at.labels, fake, c, self.view(at, "Dmain/view"))
        self.observe(found["scores_real"])
        return found

    def fakes(self, at: StepContext) -> tuple[Tensor, Tensor | None]:
        """Return phase Dmain's generated images and labels."""
        if at.shared is None:
            fake, _, c = self.generate(at, "Dmain", self.recipe.batch, update_emas=True)
            return fake, c
        images, labels = at.shared
        return images[at.part.slice], None if labels is None else labels[at.part.slice]

    def r1_loss(self, at: StepContext) -> Losses:
        """Return the loss of phase Dreg."""
        found = losses.r1_loss(self.D, at.real, at.labels, self.recipe.r1_gamma, self.view(at, "Dreg/view"))
        self.observe(found["scores_real"])  # as the authors' program does, which counts both phases
        return found

    def generate(
        self, at: StepContext, phase: str, count: int, update_emas: bool | None = None
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Return this process's share of ``count`` images with random noise and mixed styles, their ws and labels.

        Args:
            at: the step's data.
            phase: name of the phase, for the random streams.
            count: images in the whole batch.
            update_emas: whether to update the generator's running averages; None for the recipe's choice.
        """
        update = self.recipe.emas_in_every_pass if update_emas is None else update_emas
        z, c = self.latents(at.stream(phase), count, at.rows)
        fake, ws = losses.generate(
            self.G,
            z,
            c,
            mixing=self.mixing(at.stream(f"{phase}/mixing"), count, at.rows),
            noise=self.noise(at, phase, count),
            update_emas=update and self.updates(at),
        )
        return fake, ws, c

    def updates(self, at: StepContext) -> bool:
        """Return whether the passes of this context may update the generator's running averages."""
        return True

    def noise(self, at: StepContext, phase: str, count: int) -> stylegan.StepNoise:
        """Return the noise of this process's share of ``count`` images."""
        return stylegan.StepNoise(at.stream, phase, count, self.device, at.rows)

    def mixing(self, draws: torch.Generator, count: int, rows: RankSlice) -> losses.Mixing | None:
        """Return this process's share of the second latents for ``count`` images; None without style mixing."""
        if self.recipe.style_mixing_prob == 0:
            return None
        z = moved(rows.of(normal(draws, count, self.G.z_dim)), self.device)
        cutoffs = losses.mixing_cutoffs(draws, count, self.G.num_ws, self.recipe.style_mixing_prob)
        return losses.Mixing(z, moved(rows.of(cutoffs), self.device))


class FourierTraining(Training):
    """StyleGAN2's training, of a generator that starts from Fourier features."""

    model = "stylegan2-fourier"
    generator_class: ClassVar[Callable[..., Any]] = FourierGenerator
