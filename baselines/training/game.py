"""What the training of every StyleGAN has in common: from images and a recipe to weights.

A paper brings a ``Game``: its two networks, and how they play against each other in each phase.
"""

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypedDict

import torch
from torch import Tensor, nn

from baselines.training.data import Batches, Images, Stretch, fingerprint
from baselines.training.grids import save_grid
from baselines.training.loop import OnTick, Schedule, Trainee, run
from baselines.training.ranks import WHOLE, Share
from baselines.training.streams import normal, seeded, stream
from baselines.training.weights import save_weights

GRID = 10  # samples in a row and in a column of the sample grid
EXTENDABLE = {"kimg", "tick_kimg", "snapshot_ticks"}  # may change when a run is resumed: no step depends on them


@dataclass(frozen=True)
class Recipe:
    """Settings that all papers' training has.

    Attributes:
        generator: keyword arguments of the generator, but for what the data decide.
        discriminator: keyword arguments of the discriminator, likewise.
        kimg: length of the run, in thousands of real images shown.
        batch: images in a step.
        g_lr, d_lr: learning rates of Adam before the correction for lazy regularisation.
        betas: of Adam.
        ema_kimg: half-life of the averaged generator.
        ema_rampup: the half-life is at most this share of the images shown; None for no such bound.
        mirror: flip images at random.
        tick_kimg: between two lines of the log.
        snapshot_ticks: ticks between two snapshots.
    """

    generator: Mapping[str, Any] = field(default_factory=dict)
    discriminator: Mapping[str, Any] = field(default_factory=dict)
    kimg: float = 25000
    batch: int = 32
    g_lr: float = 0.002
    d_lr: float = 0.002
    betas: tuple[float, float] = (0.0, 0.99)
    ema_kimg: float = 10
    ema_rampup: float | None = None
    mirror: bool = False
    tick_kimg: float = 4
    snapshot_ticks: int = 50


class Options(TypedDict, total=False):
    """What a run may be told besides images, recipe and folder; see ``play``."""

    recipe_name: str
    labels: Tensor | None
    resume: bool
    start: Mapping[str, Mapping[str, Tensor]] | None
    device: torch.device | str
    seed: int
    data_fingerprint: str | None
    on_tick: OnTick | None


@dataclass(frozen=True)
class Outcome:
    """What is written, where, and what it is to say of itself.

    Attributes:
        run_dir: the run's folder.
        config: keyword arguments of the generator.
        notes: more for the header of the weights.
        seed: of the run.
        labels: of the training images, ``[N, c_dim]``, or None.
    """

    run_dir: Path
    config: Mapping[str, Any]
    notes: Mapping[str, Any]
    seed: int
    labels: Tensor | None


class Game(ABC):
    """The generator against the discriminator, with the average of the generator that is the outcome.

    Attributes:
        model: what the weights say they are; also the name of their file.
        generator_class, discriminator_class: the networks' classes.
        G, D, G_ema: the networks.
        recipe: the settings.
        outcome: what is to come of it.
    """

    model: ClassVar[str]
    generator_class: ClassVar[Callable[..., Any]]
    discriminator_class: ClassVar[Callable[..., Any]]

    def __init__(self, G: nn.Module, D: nn.Module, recipe: Any, outcome: Outcome) -> None:
        self.G: Any = G
        self.D: Any = D
        self.G_ema: Any = copy.deepcopy(G).eval()
        self.recipe = recipe
        self.outcome = outcome
        self.device = next(G.parameters()).device

    @classmethod
    def arguments(cls, recipe: Any) -> dict[str, Any]:
        """Return the generator's keyword arguments, but for what the data decide."""
        return dict(recipe.generator)

    @classmethod
    def stretches(cls, recipe: Any, img_resolution: int) -> tuple[Stretch, ...]:
        """Return the steps of a run in stretches of one batch size; none where it is the recipe's all along."""
        return ()

    @abstractmethod
    def trainee(self) -> Trainee:
        """Return networks, optimisers and phases for the loop."""

    def latents(self, draws: torch.Generator, count: int, share: Share = WHOLE) -> tuple[Tensor, Tensor | None]:
        """Return a share of latents ``[count, z_dim]``, and of labels drawn from the data's or None."""
        z, labels = share.of(normal(draws, count, self.G.z_dim)).to(self.device), self.outcome.labels
        if labels is None:
            return z, None
        return z, labels[share.of(torch.randint(len(labels), [count], generator=draws))].to(self.device)

    def export(self, kimg: float) -> Path:
        """Return the path of the averaged generator's weights, written together with a grid of samples."""
        path = self.outcome.run_dir / f"{self.model}.safetensors"
        save_weights(path, self.G_ema, model=self.model, config=self.outcome.config, kimg=kimg, **self.outcome.notes)
        self.save_samples(f"{round(kimg):06d}")
        return path

    def save_samples(self, name: str) -> None:
        """Write a grid of samples of the averaged generator, the same latents every time, as ``samples-NAME.png``."""
        with torch.no_grad():
            z, c = self.latents(stream(self.outcome.seed, 0, "grid"), GRID**2)
            rows = zip(z.view(GRID, GRID, -1), [None] * GRID if c is None else c.view(GRID, GRID, -1), strict=True)
            images = torch.cat([self.G_ema(z_row, c_row) for z_row, c_row in rows])
        save_grid(self.outcome.run_dir / f"samples-{name}.png", images, GRID)


def play(
    game: type[Game],
    images: Images,
    recipe: Recipe,
    run_dir: Path,
    *,
    recipe_name: str = "custom",
    labels: Tensor | None = None,
    resume: bool = False,
    start: Mapping[str, Mapping[str, Tensor]] | None = None,
    device: torch.device | str = "cpu",
    seed: int = 0,
    data_fingerprint: str | None = None,
    on_tick: OnTick | None = None,
) -> Path:
    """Return the path of the averaged generator's weights, ``run_dir / "MODEL.safetensors"``, after training.

    The weights and a sample grid ``samples-KIMG.png`` are also written with every snapshot; ``log.jsonl`` has a line a
    tick. The weights' header has ``model``, ``config`` (arguments of the generator), ``recipe``, ``kimg``, ``seed``
    and ``data_fingerprint``.

    Args:
        game: of the paper.
        images: N square images ``[C, R, R]`` uint8, such as a tensor ``[N, C, R, R]``; R a power of two.
        recipe: all settings, such as ``RECIPES["digits32"]``.
        run_dir: the run's folder; made where it is missing.
        recipe_name: for the header.
        labels: ``[N, c_dim]`` float32 one-hot labels for a conditional model, or None.
        resume: go on from the last whole snapshot in ``run_dir``.
        start: for transfer learning, the state dicts of ``G``, ``D`` and ``G_ema`` to begin with.
        device: where to train.
        seed: of all randomness: on a CPU the same seed gives the same weights.
        data_fingerprint: says which images these are; None computes it from their content.
        on_tick: told of each tick: step, kimg, sec_per_kimg, eta (seconds), losses, and weights (a path, or None).

    Raises:
        ValueError: no images, images that are not square or a power of two, a folder that already has a run, nothing to
            resume, settings other than the snapshot's, weights to start with that do not fit, or a loss that is not
            finite.
        OSError: ``run_dir`` cannot be written.
        KeyboardInterrupt: stopped by SIGINT or SIGTERM, after a snapshot.
    """
    batches, content = Batches(images, labels, recipe.batch, seed, recipe.mirror), data_fingerprint
    content, shape = content or fingerprint(images, labels), shape_of(images, labels)
    batches.stretches = game.stretches(recipe, shape["img_resolution"])
    notes = {"recipe": recipe_name, "seed": seed, "data_fingerprint": content, "recipe_settings": asdict(recipe)}
    G, D, config = networks(game, recipe, shape, seed)
    played = game(G.to(device), D.to(device), recipe, Outcome(Path(run_dir), config, notes, seed, labels))
    for name, state in (start or {}).items():
        begin_with(getattr(played, name), state, name)
    schedule = schedule_of(recipe, batches, content)
    return run(played.trainee(), batches, schedule, Path(run_dir), resume=resume, device=device, on_tick=on_tick)


def networks(
    game: type[Game], recipe: Recipe, shape: Mapping[str, int], seed: int
) -> tuple[nn.Module, nn.Module, dict[str, Any]]:
    """Return generator and discriminator as they are at the beginning, and the generator's keyword arguments."""
    config = {**shape, **game.arguments(recipe)}
    with seeded(seed):
        G, D = game.generator_class(**config), game.discriminator_class(**shape, **recipe.discriminator)
    return G.requires_grad_(False), D.requires_grad_(False), config


def begin_with(network: nn.Module, state: Mapping[str, Tensor], name: str) -> None:
    """Fill a network with given weights.

    Raises:
        ValueError: they are of another architecture; it names the first tensor that differs.
    """
    own = network.state_dict()
    for key in sorted(own.keys() | state.keys()):
        found, wanted = (list(d[key].shape) if key in d else None for d in (state, own))
        if found != wanted:
            raise ValueError(f"the weights of {name} to start with have {key} as {found}, not {wanted}: give others.")
    network.load_state_dict(dict(state))


def schedule_of(recipe: Any, batches: Batches, content: str, kimg: float | None = None) -> Schedule:
    """Return a run's length, in steps, and the settings that a resumed run must share.

    Args:
        recipe: of any model; a dataclass with ``kimg``, ``batch``, ``tick_kimg`` and ``snapshot_ticks``.
        batches: of the run.
        content: fingerprint of the data.
        kimg: length, in thousands of images; None for the recipe's.
    """
    settings = {name: value for name, value in asdict(recipe).items() if name not in EXTENDABLE}
    tick = round(recipe.tick_kimg * 1000 / recipe.batch) or 1
    return Schedule(
        steps=batches.steps((recipe.kimg if kimg is None else kimg) * 1000),
        tick=tick,
        snapshot=tick * recipe.snapshot_ticks,
        settings=as_json({**settings, "seed": batches.seed, "data_fingerprint": content}),
        seed=batches.seed,
    )


def shape_of(images: Images, labels: Tensor | None) -> dict[str, int]:
    """Return what the data decide of the networks: ``c_dim``, ``img_resolution`` and ``img_channels``.

    Raises:
        ValueError: the images are not square, or their size is no power of two.
    """
    channels, height, width = images[0].shape
    if height != width or height < 8 or height & (height - 1):
        raise ValueError(
            f"training images must be square with a power of two of pixels, not {width}x{height}: resize them."
        )
    c_dim = 0 if labels is None else labels.shape[1]
    return {"c_dim": c_dim, "img_resolution": height, "img_channels": channels}


def as_json(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as they come back from a JSON file (lists for tuples), so that the two can be compared."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in settings.items()}


@dataclass(frozen=True)
class StepNoise:
    """Noise for the layers of a generator in one pass of one step, which depends on seed, step and pass alone.

    Attributes:
        stream: gives the step's own random stream for a purpose.
        purpose: which pass it is for.
        count: of images.
        device: where the draws are made, for there are many; so they differ between kinds of device.
        share: which of the images are there.
    """

    stream: Callable[[str], torch.Generator]
    purpose: str
    count: int
    device: torch.device
    share: Share = WHOLE

    def normal(self, purpose: str, shape: Sequence[int] = ()) -> Tensor:
        """Return the share of standard normal draws ``[count, *shape]``."""
        draws = self.stream(f"{self.purpose}/{purpose}")
        if self.device.type != "cpu":
            draws = torch.Generator(self.device).manual_seed(draws.initial_seed())
        return self.share.of(torch.randn([self.count, *shape], generator=draws, device=self.device))
