"""Training of StarGAN: one translator for all domains against a discriminator that also tells them apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

import torch
from torch import Tensor, nn

from baselines.errors import SettingsError, TrainingError
from baselines.stargan import losses
from baselines.stargan.networks import Discriminator, Generator
from baselines.stargan.recipes import Recipe
from baselines.training import frame
from baselines.training.augment import translate
from baselines.training.data import Batches, Images, fingerprint, to_float
from baselines.training.frame import Identity, PreparedRun, RunOutput, schedule_of
from baselines.training.loop import Losses, OnTick, Phase, StepContext, TrainPlan
from baselines.training.ranks import gathered
from baselines.training.settings import Arguments, building, check
from baselines.training.streams import moved, seeded, stream
from baselines.translation.sizes import check_size

__all__ = ["Training", "prepare", "train"]

GRID = 10  # images in the sample grid, one a row
MOST_TARGETS = 16  # its columns beside them
FROM_DATA = ("c_dim", "img_channels", "img_size")


class Options(frame.Options, total=False):
    """What a run can be told besides images, labels, recipe and folder; see ``prepare``."""

    domains: Sequence[str]
    domain_labels: Tensor | None
    attributes: Sequence[str]


@dataclass
class Shifted(Batches):
    """Training images in random order, flipped and shifted at random.

    Attributes:
        translate: largest shift in pixels, along each axis.
    """

    translate: int = 0

    def read(self, step: int) -> tuple[Tensor, Tensor | None]:
        """Return batch number ``step``, as ``Batches`` does, with the images shifted, float32."""
        images, labels = super().read(step)
        return translate(to_float(images), self.translate, stream(self.seed, step, "data/translate"), self.rows), labels


def prepare(
    images: Images,
    labels: Tensor,
    recipe: Recipe,
    run_dir: Path,
    *,
    domains: Sequence[str] = (),
    domain_labels: Tensor | None = None,
    attributes: Sequence[str] = (),
    **options: Unpack[frame.Options],
) -> PreparedRun["Training"]:
    """Return a run that is ready to start, with settings and data checked and the networks built.

    Args:
        images: N square images ``[C, R, R]`` uint8, such as a tensor ``[N, C, R, R]``.
        labels: ``[N, c_dim]`` float32: one-hot domains, or 1 for each attribute that an image has, or else 0.
        recipe: all settings, such as ``RECIPES["digits32"]``.
        run_dir: the run's folder; nothing is written yet.
        domains: what the domains are called; numbers from 0 on where empty.
        domain_labels: the label of each domain, ``[D, c_dim]``; None for one-hot domains.
        attributes: what the numbers of a label are called, for the header of the weights; none for one-hot domains.
        options: as ``baselines.training.frame.Identity`` has them.

    Raises:
        SettingsError: a setting is unknown, of the wrong kind or out of range, or the run is longer than its steps.
        TrainingError: no images, fewer than two domains, or images that do not fit the networks.
    """
    identity, recipe = Identity.of(options), check(recipe)
    check_recipe(recipe)
    batches = Shifted(images, labels, recipe.batch, identity.seed, recipe.mirror, translate=recipe.translate)
    targets = torch.eye(labels.shape[1]) if domain_labels is None else domain_labels
    names = list(domains) or [str(domain) for domain in range(len(targets))]
    check_labels(labels, targets, names, recipe.labels)
    content = identity.data_fingerprint or fingerprint(images, labels)
    channels, size = shape_of(images)
    config = {"c_dim": labels.shape[1], "img_channels": channels, **recipe.generator}
    told = {"domains": names, "labels": targets.int().tolist(), "attributes": list(attributes), "img_resolution": size}
    output = RunOutput.of(run_dir, config, recipe, identity, content, **told)
    with building("the networks"):
        training = Training(recipe, output, batches, targets, identity.device)
    schedule = schedule_of(recipe, batches, content, length_of(recipe))
    return PreparedRun(training, batches, schedule, identity.device, identity.hardware)


def train(
    images: Images,
    labels: Tensor,
    recipe: Recipe,
    run_dir: Path,
    *,
    resume: bool = False,
    on_tick: OnTick | None = None,
    **options: Unpack[Options],
) -> Path:
    """Return the path of the generator's weights, ``run_dir / "stargan.safetensors"``, after training.

    The header of the weights also has ``domains``, ``labels`` (that of each domain) and ``img_resolution``. Arguments
    and errors are those of ``prepare`` and ``PreparedRun.run``.
    """
    return prepare(images, labels, recipe, run_dir, **options).run(resume=resume, on_tick=on_tick)


class Training(frame.Training):
    """Generator and discriminator.

    Attributes:
        recipe: the settings.
        output: where the run writes, and the header of its weights.
        batches: the data.
        targets: the label of each domain, ``[D, c_dim]``.
        G, D: the networks.
    """

    model = "stargan"

    def __init__(
        self, recipe: Recipe, output: RunOutput, batches: Batches, targets: Tensor, device: torch.device | str = "cpu"
    ) -> None:
        self.recipe, self.output, self.batches, self.targets, self.device = recipe, output, batches, targets, device
        size, config = batches.images[0].shape[-1], output.config
        shape = {"img_size": size, "c_dim": config["c_dim"], "img_channels": config["img_channels"]}
        with seeded(batches.seed):
            self.G = Generator(**config).to(device).requires_grad_(False)
            self.D = Discriminator(**shape, **recipe.discriminator).to(device).requires_grad_(False)
        check_size(self.G, size, size)
        self.weights = {name: getattr(recipe, f"lambda_{name}") for name in ("cls", "rec", "gp")}

    def plan(self) -> TrainPlan:
        """Return networks, optimisers and phases for the loop: the discriminator, then at times the generator."""
        G, D, recipe = self.G, self.D, self.recipe
        self.g_adam = torch.optim.Adam(G.parameters(), recipe.g_lr, recipe.betas)
        self.d_adam = torch.optim.Adam(D.parameters(), recipe.d_lr, recipe.betas)
        return TrainPlan(
            networks={"G": G, "D": D},
            optimizers={"G": self.g_adam, "D": self.d_adam},
            phases=(
                Phase("D", (D,), (self.d_adam,), self.discriminator_loss, once=lambda at, parts: self.labels(at)),
                Phase(
                    "G",
                    (G,),
                    (self.g_adam,),
                    self.generator_loss,
                    every=recipe.n_critic,
                    once=lambda at, parts: self.labels(at),
                ),
            ),
            averages=(),
            ema_beta=lambda nimg: 0.0,
            export=self.export,
            prepare=self.prepare,
            group=1,
        )

    def prepare(self, at: StepContext) -> None:
        """Set the learning rates of the step."""
        factor = lr_factor(at.step, self.recipe)
        self.g_adam.param_groups[0]["lr"] = self.recipe.g_lr * factor
        self.d_adam.param_groups[0]["lr"] = self.recipe.d_lr * factor

    def labels(self, at: StepContext) -> tuple[Tensor, Tensor]:
        """Return the labels of a step's images and those that they are translated to: the same in random order."""
        assert at.labels is not None, "images come with their labels"
        if at.shared is not None:  # the order is that of the whole batch
            own, targets = (labels[at.part.slice] for labels in at.shared)
            return own, targets
        whole = gathered(at.labels)
        order = torch.randperm(len(whole), generator=at.stream("targets"))
        return at.labels, whole[moved(at.rows.of(order), whole.device)]

    def discriminator_loss(self, at: StepContext) -> Losses:
        """Return the loss of phase D."""
        c_org, c_trg = self.labels(at)
        with torch.no_grad():
            fake = self.G(at.real, c_trg)
        alpha = at.rows.of(torch.rand(at.rows.whole(len(fake)), generator=at.stream("penalty")))
        alpha = moved(alpha, fake.device).to(fake)
        return losses.discriminator_loss(self.D, at.real, c_org, fake, alpha, self.recipe.labels, self.weights)

    def generator_loss(self, at: StepContext) -> Losses:
        """Return the loss of phase G."""
        return losses.generator_loss(self.G, self.D, at.real, *self.labels(at), self.recipe.labels, self.weights)

    def result(self) -> nn.Module:
        """Return the generator."""
        return self.G

    def samples(self) -> tuple[Tensor, int]:
        """Return a row for each of the first images: itself, and its translations to the first domains."""
        images, targets = self.batches.images, self.targets[:MOST_TARGETS].to(self.device)
        chosen = range(0, len(images), -(-len(images) // GRID))
        sources = to_float(torch.stack([images[index] for index in chosen]).to(self.device))
        columns = [sources, *(self.G(sources, target.expand(len(sources), -1)) for target in targets)]
        return torch.stack(columns, 1).flatten(0, 1), len(columns)


def lr_factor(step: int, recipe: Recipe) -> float:
    """Return the factor of the learning rates in a step, 0..1: 1, then equal steps down towards 0.

    Source: Choi et al. (CVPR 2018), section 5.3: constant for the first half of the run, linear to 0 in the second.
    Deviation: the authors' code lowers the rates by one ``num_iters_decay``-th at every update, and updates them once
    in 1000 steps, so that they end at 99.9 % of what they were. Here they fall as the paper says.
    """
    if step < recipe.num_iters - recipe.num_iters_decay:
        return 1.0
    into = step - (recipe.num_iters - recipe.num_iters_decay)
    return max(0.0, 1 - into // recipe.lr_update_step * recipe.lr_update_step / recipe.num_iters_decay)


def check_recipe(recipe: Recipe) -> None:
    """Check what the settings say together, and that generator and discriminator accept theirs.

    Raises:
        SettingsError: they do not go together.
    """
    if recipe.num_iters_decay > recipe.num_iters:
        raise SettingsError(
            f"expected num_iters_decay of at most {recipe.num_iters}, found {recipe.num_iters_decay}: lower it."
        )
    networks: tuple[tuple[str, type[nn.Module]], ...] = (("generator", Generator), ("discriminator", Discriminator))
    for name, network in networks:
        given: dict[str, Any] = dict(getattr(recipe, name))
        Arguments((network,)).check(given, name, FROM_DATA)


def check_labels(labels: Tensor, targets: Tensor, names: Sequence[str], kind: losses.LabelKind) -> None:
    """Check that the labels of images and domains are of 0 and 1 and go together.

    Raises:
        TrainingError: they do not, or there are fewer than two domains, or one-hot labels are not.
    """
    if len(targets) < 2 or targets.shape[1:] != labels.shape[1:] or len(names) != len(targets):
        shapes = f"{list(targets.shape)} for {len(names)} names and images labelled {list(labels.shape)}"
        raise TrainingError(f"expected labels of two domains or more, found {shapes}: give each domain its label.")
    for found in (labels, targets):
        if not bool(((found == 0) | (found == 1)).all()):
            raise TrainingError(
                "expected labels of 0 and 1, found other numbers: give labels of domains or attributes."
            )
        if kind == "domain" and not bool((found.sum(1) == 1).all()):
            raise TrainingError(
                "expected one domain for each image, found labels with more or none: set labels to attributes."
            )


def shape_of(images: Images) -> tuple[int, int]:
    """Return channels and size of square images.

    Raises:
        TrainingError: they are not square.
    """
    channels, height, width = images[0].shape
    if height != width:
        raise TrainingError(f"expected square images, found {width}x{height}: crop or resize them.")
    return channels, height


def length_of(recipe: Recipe) -> float:
    """Return a run's length, in thousands of images.

    Raises:
        SettingsError: it is longer than its steps.
    """
    whole = recipe.num_iters * recipe.batch / 1000
    if recipe.kimg is not None and recipe.kimg > whole:
        raise SettingsError(f"expected at most {whole:g} kimg, the recipe's steps, found {recipe.kimg:g}: lower kimg.")
    return recipe.kimg or whole
