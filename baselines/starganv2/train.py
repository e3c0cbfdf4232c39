"""StarGAN v2 training."""

import copy
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, Unpack

import torch
from torch import Tensor, nn

from baselines.errors import SettingsError
from baselines.starganv2 import losses
from baselines.starganv2.data import DomainBatches, Views
from baselines.starganv2.losses import Target, Weights
from baselines.starganv2.networks import (
    Discriminator,
    Generator,
    MappingNetwork,
    Masks,
    StyleEncoder,
    initialise,
)
from baselines.starganv2.recipes import Recipe
from baselines.training import frame
from baselines.training.data import Images, fingerprint, to_float
from baselines.training.frame import Identity, PreparedRun, RunOutput, schedule_of
from baselines.training.loop import Losses, OnTick, Phase, StepContext, TrainPlan
from baselines.training.settings import building, check
from baselines.training.streams import moved, normal, seeded, stream
from baselines.training.stylegan import shape_of

__all__ = ["Training", "prepare", "train"]

AVERAGED = ("generator", "mapping_network", "style_encoder")
CLASSES: Mapping[str, Callable[..., nn.Module]] = {
    "generator": Generator,
    "mapping_network": MappingNetwork,
    "style_encoder": StyleEncoder,
    "discriminator": Discriminator,
}
SOURCES = 10  # source images in the sample grid, one per column
STYLES = 2  # rows of the sample grid for each domain, once with references and once with latents

MaskOf = Callable[[Tensor], Masks]
Kind = Literal["latent", "reference"]


class Options(frame.Options, total=False):
    """Options of a run besides images, labels, recipe and folder; see ``prepare``."""

    domains: Sequence[str]
    masks: MaskOf | None


def prepare(
    images: Images,
    labels: Tensor,
    recipe: Recipe,
    run_dir: Path,
    *,
    domains: Sequence[str] = (),
    masks: MaskOf | None = None,
    **options: Unpack[frame.Options],
) -> PreparedRun["Training"]:
    """Return a run that is ready to start, with settings and data checked and the networks built.

    Args:
        images: N square images ``[C, R, R]`` uint8, such as a tensor ``[N, C, R, R]``; R a power of two.
        labels: ``[N, D]`` float32, one-hot domains.
        recipe: all settings, such as ``RECIPES["digits32"]``.
        run_dir: the run folder; nothing is written yet.
        domains: names of the domains; if empty, numbers from 0.
        masks: returns the masks that a high-pass skip needs, for images ``[N, C, R, R]``.
        options: see ``baselines.training.frame.Identity``.

    Raises:
        SettingsError: a setting is unknown, of the wrong kind or out of range, or a high-pass skip has no masks.
        TrainingError: there are fewer than two domains, a domain has no images, or the sides of the images are not
            equal powers of two.
    """
    identity, recipe = Identity.of(options), check(recipe)
    views = Views(recipe.crop_prob, recipe.crop_scale, recipe.crop_ratio, recipe.mirror)
    batches = DomainBatches(images, labels, recipe.batch, identity.seed, views=views)
    if recipe.w_hpf and masks is None:
        raise SettingsError(
            f"expected masks for the high-pass skip (w_hpf {recipe.w_hpf:g}), found none: give masks, or set w_hpf 0."
        )
    content = identity.data_fingerprint or fingerprint(images, labels)
    config = configuration(recipe, shape_of(images, labels))
    names = list(domains) or [str(domain) for domain in range(labels.shape[1])]
    averaged = {name: config[name] for name in AVERAGED}
    output = RunOutput.of(run_dir, averaged, recipe, identity, content, domains=names)
    with building("the networks"):
        nets, averages = (placed(each, identity.device) for each in networks(config, identity.seed))
        training = Training(nets, averages, recipe, output, batches, masks)
    return PreparedRun(training, batches, schedule_of(recipe, batches, content), identity.device, identity.hardware)


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
    """Train, and return the path of the averaged networks' weights, ``run_dir / "starganv2.safetensors"``.

    The header of the weights also has ``domains``. For arguments and errors see ``prepare`` and ``PreparedRun.run``.
    """
    return prepare(images, labels, recipe, run_dir, **options).run(resume=resume, on_tick=on_tick)


class Step(NamedTuple):
    """The data of one step, besides the source images.

    Attributes:
        latent: target domains, with styles from latents.
        reference: the same target domains, with styles from reference images.
        masks: masks of the source images, or None.
        weights: weights of the losses.
    """

    latent: Target
    reference: Target
    masks: Masks | None
    weights: Weights

    def of(self, rows: slice) -> "Step":
        """Return some rows of the step."""
        masks = None if self.masks is None else [mask[rows] for mask in self.masks]
        return Step(self.latent.of(rows), self.reference.of(rows), masks, self.weights)


class Training(frame.Training):
    """StarGAN v2's four training phases, and the averages of its networks.

    The discriminator learns from styles of latents, then from those of references; then the other three networks learn
    together from latents, and the generator alone from references.

    Source: Choi et al. (CVPR 2020), section 2, equation 5; the order of the phases, and the networks that each of them
    trains, are as in the authors' code.
    """

    model = "starganv2"

    def __init__(
        self,
        nets: Mapping[str, nn.Module],
        averages: Mapping[str, nn.Module],
        recipe: Recipe,
        output: RunOutput,
        batches: DomainBatches,
        masks: MaskOf | None = None,
    ) -> None:
        self.nets: Mapping[str, Any] = nets
        self.averages: Mapping[str, Any] = averages
        self.recipe, self.output, self.batches, self.mask_of = recipe, output, batches, masks
        self.device = next(nets["generator"].parameters()).device
        self.diversity = losses.DiversityWeight(recipe.lambda_ds, recipe.ds_iter)
        self.adams = {name: self.adam(name) for name in nets}
        self.step: Step

    def adam(self, name: str) -> torch.optim.Adam:
        """Return the optimiser of a network, by the network's name."""
        recipe = self.recipe
        lr = recipe.f_lr if name == "mapping_network" else recipe.lr
        betas, decay = recipe.betas, recipe.weight_decay
        return torch.optim.Adam(self.nets[name].parameters(), lr=lr, betas=betas, weight_decay=decay)

    def plan(self) -> TrainPlan:
        """Return the networks, optimisers and phases of the training loop."""
        return TrainPlan(
            networks={**self.nets, **{f"{name}_ema": average for name, average in self.averages.items()}},
            optimizers=self.adams,
            phases=(
                self.phase("D-latent", "discriminator", loss=lambda at: self.discriminator_loss(at, "latent")),
                self.phase("D-ref", "discriminator", loss=lambda at: self.discriminator_loss(at, "reference")),
                self.phase("G-latent", *AVERAGED, loss=lambda at: self.generator_loss(at, "latent")),
                self.phase("G-ref", "generator", loss=lambda at: self.generator_loss(at, "reference")),
            ),
            averages=tuple((average, self.nets[name]) for name, average in self.averages.items()),
            ema_beta=lambda nimg: self.recipe.ema_beta,
            export=self.export,
            prepare=self.prepare,
            group=1,
        )

    def phase(self, name: str, *networks: str, loss: Callable[[StepContext], Losses]) -> Phase:
        """Return a phase that trains networks, by name, each with its own optimiser."""
        optimizers = tuple(self.adams[network] for network in networks)
        return Phase(name, tuple(self.nets[network] for network in networks), optimizers, loss)

    def prepare(self, at: StepContext) -> None:
        """Draw the targets and latents of a step, which its four phases share."""
        latent, reference = self.targets(at)
        recipe = self.recipe
        with torch.no_grad():
            masks = None if self.mask_of is None else self.mask_of(at.real)
        weights = Weights(recipe.lambda_reg, recipe.lambda_sty, self.diversity.at(at.step), recipe.lambda_cyc)
        self.step = Step(latent, reference, masks, weights)

    def targets(self, at: StepContext) -> tuple[Target, Target]:
        """Return the step's target domains, first with latents, then with references of those domains."""
        first, second, y = at.extra
        draws, shape = at.stream("latents"), (2, at.rows.whole(len(y)), self.recipe.latent_dim)
        z, z2 = (moved(at.rows.of(latents), self.device) for latents in normal(draws, *shape))
        return Target(y, z, z2, "mapping_network"), Target(y, first, second, "style_encoder")

    def discriminator_loss(self, at: StepContext, kind: Kind) -> Losses:
        """Return the loss of a discriminator's phase, with styles of latents or of references."""
        step = self.step.of(at.part.slice)
        target = step.latent if kind == "latent" else step.reference
        return losses.discriminator_loss(self.nets, at.real, domains_of(at), target, step.weights, step.masks)

    def generator_loss(self, at: StepContext, kind: Kind) -> Losses:
        """Return the loss of a generator's phase and, for the log, the weight of the diversity loss."""
        step = self.step.of(at.part.slice)
        target = step.latent if kind == "latent" else step.reference
        found = losses.generator_loss(
            self.nets, at.real, domains_of(at), target, step.weights, step.masks, self.mask_of
        )
        return {**found, "lambda_ds": torch.tensor(float(step.weights.ds))}

    def result(self) -> nn.Module:
        """Return the averaged networks."""
        return nn.ModuleDict(dict(self.averages))

    def samples(self) -> tuple[Tensor, int]:
        """Return the sample grid of the averaged networks, and its number of columns; the inputs never change."""
        batches, draws = self.batches, stream(self.batches.seed, 0, "grid")
        y = torch.arange(len(batches.members)).repeat_interleave(STYLES)
        at = (torch.rand(len(y), generator=draws) * torch.tensor([len(batches.members[i]) for i in y])).long()
        chosen = torch.stack([batches.members[i][j] for i, j in zip(y, at, strict=True)])
        columns = batches.chosen(draws, SOURCES)[0]
        sources, references = (
            to_float(torch.stack([batches.images[i] for i in rows.tolist()]).to(self.device))
            for rows in (columns, chosen)
        )
        z, y = normal(draws, len(y), self.recipe.latent_dim, device=self.device), y.to(self.device)
        blank = torch.zeros_like(references) - 1
        rows = self.sheet(sources, references, self.averages["style_encoder"](references, y))
        rows += self.sheet(sources, blank, self.averages["mapping_network"](z, y))
        return torch.cat(rows), SOURCES + 1

    def sheet(self, sources: Tensor, headers: Tensor, styles: Tensor) -> list[Tensor]:
        """Return rows of images: first the sources, then for each style its header and the sources in that style."""
        rows, masks = [headers[:1] * 0 - 1, sources], None if self.mask_of is None else self.mask_of(sources)
        for header, style in zip(headers, styles, strict=True):
            made = self.averages["generator"](sources, style.expand(len(sources), -1), masks=masks)
            rows += [header[None], made]
        return rows


def domains_of(at: StepContext) -> Tensor:
    """Return the domains of the source images, ``[batch]`` int64."""
    assert at.labels is not None, "sources come with their domains"
    return at.labels.argmax(1)


def configuration(recipe: Recipe, shape: Mapping[str, int]) -> dict[str, dict[str, Any]]:
    """Return the keyword arguments of each network, by the network's name."""
    sizes = {
        "img_size": shape["img_resolution"],
        "img_channels": shape["img_channels"],
        "base_channels": recipe.base_channels,
        "max_conv_dim": recipe.max_conv_dim,
    }
    style, domains = {"style_dim": recipe.style_dim}, {"num_domains": shape["c_dim"]}
    own = {"max_conv_dim": recipe.encoder_conv_dim or recipe.max_conv_dim}
    return {
        "generator": {**sizes, **style, "w_hpf": recipe.w_hpf, "bottleneck": recipe.bottleneck},
        "mapping_network": {
            **style,
            **domains,
            "latent_dim": recipe.latent_dim,
            "hidden_dim": recipe.hidden_dim,
        },
        "style_encoder": {**sizes, **style, **domains, **own},
        "discriminator": {**sizes, **domains},
    }


def networks(config: Mapping[str, Any], seed: int) -> tuple[dict[str, nn.Module], dict[str, nn.Module]]:
    """Return newly initialised networks, and their averages.

    As in the authors' code, the averages start from PyTorch's default initialisation and the networks from He's; the
    averages soon forget the difference.
    """
    with seeded(seed):
        nets = {name: CLASSES[name](**config[name]).requires_grad_(False) for name in CLASSES}
        averages = {name: copy.deepcopy(nets[name]).eval() for name in AVERAGED}
        for network in nets.values():
            initialise(network)
    return nets, averages


def placed(nets: Mapping[str, nn.Module], device: torch.device | str) -> dict[str, nn.Module]:
    """Return the networks, moved to a device."""
    return {name: network.to(device) for name, network in nets.items()}
