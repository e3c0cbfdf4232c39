"""Training of StyleGAN2, and the phases of StyleGAN3's."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Unpack

import torch
from torch import Tensor, nn

from baselines.stylegan2 import losses
from baselines.stylegan2.augment import AugmentPipe
from baselines.stylegan2.networks import Discriminator, Generator
from baselines.stylegan2.recipes import Recipe
from baselines.training import game
from baselines.training.augment import translate
from baselines.training.data import Images
from baselines.training.ema import ema_beta
from baselines.training.loop import Losses, Moment, Phase, Trainee
from baselines.training.optimizers import lazy_adam
from baselines.training.ranks import Share
from baselines.training.streams import normal

__all__ = ["Game", "PathLength", "train"]


def train(images: Images, recipe: Recipe, run_dir: Path, **options: Unpack[game.Options]) -> Path:
    """Return the path of the averaged generator's weights, ``run_dir / "stylegan2.safetensors"``, after training.

    Arguments, errors and what else is written are those of ``baselines.training.game.play``.
    """
    return game.play(Game, images, recipe, run_dir, **options)


class PathLength(nn.Module):
    """The running mean of path lengths, kept in snapshots as the networks are."""

    pl_mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("pl_mean", torch.zeros([]))


class Game(game.Game):
    """StyleGAN2's phases: both losses, and path length and R1 once in a while."""

    model = "stylegan2"
    generator_class: ClassVar[Callable[..., Any]] = Generator
    discriminator_class: ClassVar[Callable[..., Any]] = Discriminator
    recipe: Recipe

    def __init__(self, G: nn.Module, D: nn.Module, recipe: Recipe, outcome: game.Outcome) -> None:
        super().__init__(G, D, recipe, outcome)
        self.path_length = PathLength().to(self.device) if recipe.pl_weight > 0 else None
        self.augment = AugmentPipe(recipe.augment, recipe.augment_p) if recipe.augment else None

    def trainee(self) -> Trainee:
        """Return networks, optimisers and phases for the loop."""
        G, D, recipe = self.G, self.D, self.recipe
        g_interval = None if self.path_length is None else recipe.pl_interval
        g_adam = lazy_adam(G.parameters(), recipe.g_lr, recipe.betas, g_interval)
        d_adam = lazy_adam(D.parameters(), recipe.d_lr, recipe.betas, recipe.r1_interval)
        networks = {"G": G, "D": D, "G_ema": self.G_ema, "path_length": self.path_length, "augment": self.augment}
        regularised = () if g_interval is None else (Phase("Greg", (G,), (g_adam,), self.path_length_loss, g_interval),)
        return Trainee(
            networks={name: network for name, network in networks.items() if network is not None},
            optimizers={"G": g_adam, "D": d_adam},
            phases=(
                Phase("Gmain", (G,), (g_adam,), self.generator_loss),
                *regularised,
                Phase("Dmain", (D,), (d_adam,), self.discriminator_loss),
                Phase("Dreg", (D,), (d_adam,), self.r1_loss, recipe.r1_interval),
            ),
            averages=((self.G_ema, G),),
            ema_beta=lambda nimg: ema_beta(recipe.batch, nimg, recipe.ema_kimg, recipe.ema_rampup),
            export=self.export,
            prepare=self.prepare,
            group=self.group(),
        )

    def group(self) -> int:
        """Return how many images the discriminator compares."""
        layer = self.D.b4.mbstd
        return 1 if layer is None else layer.group_size or self.recipe.batch

    def prepare(self, at: Moment) -> None:
        """Adapt the probability of augmentation to what the discriminator said of real images in the last steps."""
        recipe = self.recipe
        if self.augment is not None and recipe.ada_target is not None and at.step % recipe.ada_interval == 0:
            self.augment.adapt(recipe.ada_target, recipe.ada_kimg)

    def generator_loss(self, at: Moment) -> Losses:
        """Return the loss of phase Gmain."""
        fake, _, c = self.generate(at, "Gmain", self.recipe.batch)
        return losses.generator_loss(self.D, fake, c, self.view(at, "Gmain/view"))

    def path_length_loss(self, at: Moment) -> Losses:
        """Return the loss of phase Greg, for fewer images than the others."""
        assert self.path_length is not None
        fake, ws, _ = self.generate(at, "Greg", max(self.recipe.batch // self.recipe.pl_batch_shrink, 1))
        direction = normal(at.stream("Greg/direction"), at.share.whole(len(fake)), *fake.shape[1:])
        mean, weight, decay = self.path_length.pl_mean, self.recipe.pl_weight, self.recipe.pl_decay
        return losses.path_length_loss(fake, ws, at.share.of(direction).to(self.device), mean, weight, decay)

    def discriminator_loss(self, at: Moment) -> Losses:
        """Return the loss of phase Dmain, whose pass of the generator is the one that moves its running averages."""
        with torch.no_grad():
            fake, _, c = self.generate(at, "Dmain", self.recipe.batch, update_emas=True)
        found = losses.discriminator_loss(self.D, at.real, at.labels, fake, c, self.view(at, "Dmain/view"))
        if self.augment is not None:
            self.augment.observe(found["scores_real"])
            found["augment_p"] = self.augment.p.clone()
        return found

    def r1_loss(self, at: Moment) -> Losses:
        """Return the loss of phase Dreg."""
        return losses.r1_loss(self.D, at.real, at.labels, self.recipe.r1_gamma, self.view(at, "Dreg/view"))

    def generate(
        self, at: Moment, phase: str, count: int, update_emas: bool = False
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Return the share of ``count`` images with random noise and mixed styles, their ws, and their labels."""
        z, c = self.latents(at.stream(phase), count, at.share)
        fake, ws = losses.generate(
            self.G,
            z,
            c,
            mixing=self.mixing(at.stream(f"{phase}/mixing"), count, at.share),
            noise=game.StepNoise(at.stream, phase, count, self.device, at.share),
            update_emas=update_emas or self.recipe.emas_in_every_pass,
        )
        return fake, ws, c

    def mixing(self, draws: torch.Generator, count: int, share: Share) -> losses.Mixing | None:
        """Return the share of second latents for ``count`` images, mixed as often as the recipe has it."""
        if self.recipe.style_mixing_prob == 0:
            return None
        z = share.of(normal(draws, count, self.G.z_dim)).to(self.device)
        cutoffs = losses.mixing_cutoffs(draws, count, self.G.num_ws, self.recipe.style_mixing_prob)
        return losses.Mixing(z, share.of(cutoffs))

    def view(self, at: Moment, purpose: str) -> losses.View:
        """Return what the discriminator sees of images in this step: shifted and augmented as the recipe has it."""
        draws, augment = at.stream(purpose), self.augment

        def seen(images: Tensor) -> Tensor:
            images = translate(images, self.recipe.translate, draws, at.share)
            return images if augment is None else augment(images, draws, at.share)

        return seen
