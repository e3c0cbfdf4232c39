"""pix2pix training: a generator that translates, and a discriminator that sees translations beside their source."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Unpack

import torch
from torch import Tensor, nn

from baselines.errors import SettingsError
from baselines.pix2pix.data import Paired
from baselines.pix2pix.inference import ImageByImage
from baselines.pix2pix.losses import conditional_discriminator_loss, generator_losses
from baselines.pix2pix.recipes import Recipe
from baselines.training import frame
from baselines.training.data import Batches, Images, fingerprint, to_float
from baselines.training.frame import Identity, PreparedRun, RunOutput, schedule_of
from baselines.training.loop import Losses, OnTick, Phase, StepContext, TrainPlan
from baselines.training.settings import building, check
from baselines.training.streams import seeded
from baselines.translation.initialisation import initialise
from baselines.translation.networks import discriminator, generator
from baselines.translation.settings import check_networks, check_policy, directed, length_of, rate_factor
from baselines.translation.sizes import check_patches, check_size

__all__ = ["Training", "prepare", "train"]

GRID = 10  # pairs in the sample grid


class Options(frame.Options, total=False):
    """Options of a run besides images, recipe and folder; see ``prepare``."""

    domains: tuple[str, str]


def prepare(
    sources: Images,
    truths: Images,
    recipe: Recipe,
    run_dir: Path,
    *,
    domains: tuple[str, str] = ("source", "target"),
    **options: Unpack[frame.Options],
) -> PreparedRun["Training"]:
    """Return a run that is ready to start, with settings and data checked and the networks built.

    Args:
        sources: source images, ``[C, H, W]`` uint8, such as a tensor ``[N, C, H, W]``.
        truths: the ground truth of each, in the same form; the number of channels may be another.
        recipe: all settings, such as ``RECIPES["digits32"]``.
        run_dir: the run folder; nothing is written yet.
        domains: names of the domain of the sources and of that of the ground truth.
        options: see ``baselines.training.frame.Identity``.

    Raises:
        SettingsError: a setting is unknown, of the wrong kind or out of range, or the run is longer than its epochs.
        TrainingError: there are no pairs, or the networks do not take images of this size.
    """
    identity, recipe = Identity.of(options), check(recipe)
    check_networks(recipe.generator, recipe.discriminator, ("unet", "n_layers"))
    check_policy(recipe)
    domains = directed(recipe, *domains)
    sources, truths = directed(recipe, sources, truths)
    if recipe.gan_mode == "wgangp":
        raise SettingsError("expected gan_mode vanilla or lsgan, found wgangp: pix2pix has no gradient penalty.")
    augmentation = {name: getattr(recipe, name) for name in ("preprocess", "mirror", "load_size", "crop_size")}
    batches = Paired(sources, None, recipe.batch, identity.seed, truths=truths, **augmentation)
    content = identity.data_fingerprint or fingerprint(sources, None) + fingerprint(truths, None)
    channels = {"input_nc": sources[0].shape[0], "output_nc": truths[0].shape[0]}
    config = {"netG": "unet", **recipe.generator, **channels}
    size = batches.draw(0)[0].shape[2:]
    output = RunOutput.of(run_dir, config, recipe, identity, content, domains=list(domains), img_resolution=size[0])
    with building("the networks"):
        training = Training(
            recipe, output, size, len(batches.images), identity.seed, identity.device, shown=grid_of(batches)
        )
    schedule = schedule_of(recipe, batches, content, length_of(recipe, len(batches.images)))
    return PreparedRun(training, batches, schedule, identity.device, identity.hardware)


def train(
    sources: Images,
    truths: Images,
    recipe: Recipe,
    run_dir: Path,
    *,
    resume: bool = False,
    on_tick: OnTick | None = None,
    **options: Unpack[Options],
) -> Path:
    """Train, and return the path of the generator's weights, ``run_dir / "pix2pix.safetensors"``.

    The header of the weights also has ``domains`` and ``img_resolution``; a kimg is a thousand pairs.
    For arguments and errors see ``prepare`` and ``PreparedRun.run``.
    """
    return prepare(sources, truths, recipe, run_dir, **options).run(resume=resume, on_tick=on_tick)


@dataclass
class Training(frame.Training):
    """Generator and conditional discriminator.

    Attributes:
        recipe: the settings.
        output: the run folder, and the content of the weights' header.
        size: height and width of the images as the networks see them.
        epoch_size: pairs in an epoch.
        seed: seed of the initial weights.
        device: device of the networks.
        shown: pairs for the sample grid, ``[n, source + truth channels, H, W]``, -1..1.
        G: the generator.
        D: the discriminator, of source and image together.
    """

    model = "pix2pix"

    recipe: Recipe
    output: RunOutput
    size: torch.Size
    epoch_size: int
    seed: int = 0
    device: torch.device | str = "cpu"
    shown: Tensor = field(default_factory=lambda: torch.empty(0), repr=False)
    _fake: Tensor = field(init=False, repr=False)

    def __post_init__(self) -> None:
        config = self.output.config
        with seeded(self.seed):
            self.G = generator(**config)
            pair_nc = config["input_nc"] + config["output_nc"]
            self.D = discriminator(**{**self.recipe.discriminator, "input_nc": pair_nc})
            for network in (self.G, self.D):
                initialise(network, self.recipe.init_type, self.recipe.init_gain).to(self.device).requires_grad_(False)
        check_size(self.G, *self.size)
        check_patches(self.D, *self.size)

    def plan(self) -> TrainPlan:
        """Return the networks, optimisers and phases of the training loop: first the discriminator, then the generator.

        Source: Isola et al. (CVPR 2017), section 3.3.
        """
        recipe = self.recipe
        self.g_adam, self.d_adam = (
            torch.optim.Adam(network.parameters(), recipe.lr, recipe.betas) for network in (self.G, self.D)
        )
        return TrainPlan(
            networks={"G": self.G, "D": self.D},
            optimizers={"G": self.g_adam, "D": self.d_adam},
            phases=(
                Phase("D", (self.D,), (self.d_adam,), self.discriminator_loss),
                Phase("G", (self.G,), (self.g_adam,), self.generator_loss),
            ),
            averages=(),
            ema_beta=lambda nimg: 0.0,
            export=self.export,
            prepare=self.prepare,
        )

    def prepare(self, at: StepContext) -> None:
        """Set the learning rates of the current epoch, and translate the sources, once for both phases.

        A second translation would update the running statistics of batch norm twice.
        """
        factor = rate_factor(self.recipe, at.nimg // self.epoch_size + 1)
        for adam in (self.g_adam, self.d_adam):
            adam.param_groups[0]["lr"] = self.recipe.lr * factor
        self.G.requires_grad_(True)
        # Dropout draws from the global random state, so that is seeded: a resumed run drops the same features.
        with seeded(at.stream("dropout").initial_seed()):
            self._fake = self.G(self.halves(at.real)[0])
        self.G.requires_grad_(False)

    def halves(self, pairs: Tensor) -> tuple[Tensor, Tensor]:
        """Return sources and ground truth of pairs, ``[N, C, H, W]`` each."""
        input_nc = self.output.config["input_nc"]
        return pairs[:, :input_nc], pairs[:, input_nc:]

    def discriminator_loss(self, at: StepContext) -> Losses:
        """Return the loss of phase D."""
        source, truth = self.halves(at.real)
        loss = conditional_discriminator_loss(self.D, source, truth, self._fake.detach(), self.recipe.gan_mode)
        return {"total": loss}

    def generator_loss(self, at: StepContext) -> Losses:
        """Return the loss of phase G and its weighted parts, by the discriminator after its step."""
        source, truth = self.halves(at.real)
        parts = generator_losses(self.D, source, truth, self._fake, self.recipe.gan_mode, self.recipe.lambda_L1)
        return {**parts, "total": parts["GAN"] + parts["L1"]}

    def reals(self, batches: Batches) -> tuple[Tensor, int]:
        """Return sources, each followed by its ground truth; see ``frame.Training.reals``."""
        pairs, columns = super().reals(batches)
        return torch.stack(in_colour(*self.halves(pairs)), 1).flatten(0, 1), columns

    def result(self) -> nn.Module:
        """Return the generator."""
        return self.G

    def samples(self) -> tuple[Tensor, int]:
        """Return rows of sources, their translations and the ground truth; and the row length."""
        source, truth = self.halves(self.shown.to(self.device))
        return torch.cat(in_colour(source, ImageByImage(self.G)(source), truth)), len(source)


def in_colour(*images: Tensor) -> list[Tensor]:
    """Return batches of images with equal numbers of channels: grey ones get three if others have them."""
    channels = max(each.shape[1] for each in images)
    return [each.expand(-1, channels, -1, -1) if each.shape[1] == 1 else each for each in images]


def grid_of(batches: Paired) -> Tensor:
    """Return the first pairs, ``[n, source + truth channels, H, W]`` float32, -1..1, resized but not cropped."""
    pairs = [torch.cat([batches.images[i], batches.truths[i]]) for i in range(min(GRID, len(batches.images)))]
    return to_float(torch.stack([batches.views.shown(pair) for pair in pairs]))
