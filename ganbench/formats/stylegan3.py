"""StyleGAN3's generator: official PyTorch snapshots, and files of ours.

Its discriminator is StyleGAN2's, see ``ganbench.formats.stylegan2``.
"""

import inspect
import itertools
from collections.abc import Mapping

from torch import Tensor

from ganbench.checkpoints.fields import Fields, Flag, Number, whole
from ganbench.checkpoints.format import Architecture, BaseFormat, Config, Content, Header, NetworkSpec
from ganbench.checkpoints.writing import Made
from ganbench.errors import UnsafeFileError
from ganbench.formats import stylegan2
from ganbench.formats.headers import of_single, single
from ganbench.formats.persistence import persistent
from ganbench.formats.persistent_writing import STYLEGAN3, recorded, snapshot

FIELDS: Fields = {
    **whole(1, "z_dim w_dim img_resolution img_channels channel_base channel_max num_layers conv_kernel filter_size"),
    **whole(1, "lrelu_upsampling"),
    **whole(0, "c_dim num_critical margin_size num_fp16_res"),
    **{name: Number(0) for name in ("first_cutoff", "first_stopband", "last_stopband_rel")},
    "output_scale": Number(),
    "conv_clamp": Number(0, optional=True),
    "magnitude_ema_beta": Number(0, 1),
    "use_radial_filters": Flag(),
    "mapping_kwargs": {**whole(1, "num_layers"), "lr_multiplier": Number(0), "w_avg_beta": Number(0, 1)},
}


def check_rates(config: Config) -> None:
    """Refuse rates that jump: filters are as long as the jump is high, and computed before weights are compared."""
    from baselines.stylegan3.filters import Progression

    known = inspect.signature(Progression.design).parameters
    rates = Progression.design(**{name: value for name, value in config.items() if name in known}).sampling_rates
    if any(not 1 / 8 <= b / a <= 8 for a, b in itertools.pairwise(rates)):
        raise UnsafeFileError("gives its network sampling rates that jump from layer to layer, which no network has")


GENERATOR = Architecture("StyleGAN3 generator", "baselines.stylegan3.networks:Generator", FIELDS, check_rates)
MODELS = {"stylegan3": (GENERATOR, "G_ema")}


def record(spec: NetworkSpec) -> Made:
    """Return a generator's record in a snapshot, or a discriminator's.

    Raises:
        BadInputError: it is of a kind that the official program does not have.
    """
    if spec.architecture is not GENERATOR:
        return stylegan2.record(spec)
    return recorded("Generator", STYLEGAN3, stylegan2.official_arguments(spec.config), spec.tensors)


class StyleGAN3Format(BaseFormat):
    """StyleGAN3-T and -R."""

    architectures = (GENERATOR,)

    def recognise(self, content: Content) -> dict[str, NetworkSpec] | None:
        """Return the generators of an official snapshot."""
        return persistent(content, "Generator", "synthesis.input.freqs", GENERATOR)

    def from_header(self, header: Header, tensors: Mapping[str, Tensor]) -> dict[str, NetworkSpec] | None:
        """Return the generator of one of our files."""
        return single(header, tensors, MODELS)

    def to_header(self, specs: Mapping[str, NetworkSpec]) -> Header:
        """Return the header of a file that ganbench writes for a generator."""
        return of_single(specs, MODELS)

    def to_official(self, specs: Mapping[str, NetworkSpec]) -> dict[str, bytes]:
        """Return a snapshot that the official program loads; its discriminator is StyleGAN2's.

        Raises:
            BadInputError: a network is of a kind that the program does not have.
        """
        return snapshot({name: record(spec) for name, spec in specs.items()})


stylegan3 = StyleGAN3Format()
