"""Low-pass filters and layer sampling rates of StyleGAN3."""

from dataclasses import dataclass

import numpy as np
import scipy.special
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["Progression", "lowpass_filter"]


@dataclass(frozen=True)
class Progression:
    """Band limits, sampling rates and sizes of the outputs of all layers, in order.

    Entry 0 also describes the Fourier features. Frequencies are in cycles, and rates in samples, per image width.

    Attributes:
        cutoffs: cutoff frequency f_c of each layer.
        stopbands: lowest frequency f_t that must be suppressed.
        sampling_rates: sampling rate s.
        half_widths: half width f_h of the filter's transition band.
        sizes: width of the layer's square output in samples, including the margin.
        channels: number of output channels.
        critical: whether the layer is critically sampled; the last layers are, and trade aliasing for detail.
        fp16: whether the layer belongs to the highest resolutions, which may run in float16.
    """

    cutoffs: tuple[float, ...]
    stopbands: tuple[float, ...]
    sampling_rates: tuple[float, ...]
    half_widths: tuple[float, ...]
    sizes: tuple[int, ...]
    channels: tuple[int, ...]
    critical: tuple[bool, ...]
    fp16: tuple[bool, ...]

    @classmethod
    def design(
        cls,
        img_resolution: int,
        img_channels: int,
        *,
        channel_base: int = 32768,
        channel_max: int = 512,
        num_layers: int = 14,
        num_critical: int = 2,
        first_cutoff: float = 2.0,
        first_stopband: float = 2**2.1,
        last_stopband_rel: float = 2**0.3,
        margin_size: int = 10,
        num_fp16_res: int = 4,
    ) -> "Progression":
        """Return band limits in geometric progression from ``first_cutoff`` to half the image resolution.

        Source: StyleGAN3 (Karras et al. 2021) section 3.2 and appendix F (equations for f_c[i], f_t[i], s[i], f_h[i]).
        """
        last_cutoff = img_resolution / 2
        exponents = np.minimum(np.arange(num_layers + 1) / (num_layers - num_critical), 1)
        cutoffs = first_cutoff * (last_cutoff / first_cutoff) ** exponents
        stopbands = first_stopband * (last_cutoff * last_stopband_rel / first_stopband) ** exponents
        rates = np.exp2(np.ceil(np.log2(np.minimum(stopbands * 2, img_resolution))))
        sizes = rates + margin_size * 2
        # The last two layers have no margin: nothing after them reads beyond the image.
        sizes[-2:] = img_resolution
        channels = np.rint(np.minimum(channel_base / 2 / cutoffs, channel_max))
        if not channels.all():
            raise ValueError(
                f"expected a channel_base of a channel or more in every layer, found {channel_base}: raise it."
            )
        channels[-1] = img_channels
        return cls(
            cutoffs=tuple(map(float, cutoffs)),
            stopbands=tuple(map(float, stopbands)),
            sampling_rates=tuple(map(float, rates)),
            half_widths=tuple(map(float, np.maximum(stopbands, rates / 2) - cutoffs)),
            sizes=tuple(map(int, sizes)),
            channels=tuple(map(int, channels)),
            critical=tuple(i >= num_layers - num_critical for i in range(num_layers + 1)),
            fp16=tuple(bool(rate * 2**num_fp16_res > img_resolution) for rate in rates),
        )


def lowpass_filter(numtaps: int, cutoff: float, width: float, fs: float, radial: bool = False) -> Tensor | None:
    """Return a Kaiser-windowed low-pass filter with unit sum.

    The result is float32 of shape ``[numtaps]``, or ``[numtaps, numtaps]`` if ``radial``; None for a single tap.

    Args:
        numtaps: length of the filter; 1 means no filter.
        cutoff: centre of the transition band, in the unit of ``fs``.
        width: full width of the transition band, in the unit of ``fs``.
        fs: sampling rate.
        radial: use a circularly symmetric jinc filter instead of a separable sinc filter.

    Source: StyleGAN3 (Karras et al. 2021) appendix C, "Kaiser low-pass filters" and "rotation equivariance".
    """
    if numtaps == 1:
        return None
    if not radial:
        return torch.as_tensor(windowed_sinc(numtaps, cutoff / (fs / 2), width / (fs / 2)), dtype=torch.float32)
    x = (np.arange(numtaps) - (numtaps - 1) / 2) / fs
    radius = np.hypot(*np.meshgrid(x, x))
    # The jinc is the 2D counterpart of the sinc: its spectrum is a disc, so it treats all directions alike.
    jinc = scipy.special.j1(2 * np.pi * cutoff * radius) / (np.pi * radius)
    window = np.kaiser(numtaps, kaiser_beta(numtaps, width / (fs / 2)))
    f = jinc * np.outer(window, window)
    return torch.as_tensor(f / f.sum(), dtype=torch.float32)


def windowed_sinc(numtaps: int, cutoff: float, width: float) -> NDArray[np.float64]:
    """Return ``scipy.signal.firwin(numtaps, cutoff, width=width)``, to the bit, without a second of imports.

    Args:
        numtaps: length of the filter.
        cutoff: centre of the transition band; 1 is Nyquist, as for the width.
        width: full width of the transition band.
    """
    middle = (numtaps - 1) / 2
    positions = np.arange(numtaps) - middle
    beta = kaiser_beta(numtaps, width)
    window = scipy.special.i0(beta * np.sqrt(1 - (positions / middle) ** 2)) / scipy.special.i0(beta)
    f = cutoff * np.sinc(cutoff * positions) * window
    taps: NDArray[np.float64] = f / f.sum()
    return taps


def kaiser_beta(numtaps: int, width: float) -> float:
    """Return the shape of the Kaiser window whose transition band has a width, as a share of Nyquist.

    Source: Oppenheim and Schafer, Discrete-Time Signal Processing, section 7.5.3, "Kaiser window": the attenuation in
    dB that the length allows, and the beta for it.
    """
    attenuation = 2.285 * (numtaps - 1) * np.pi * width + 7.95
    if attenuation > 50:
        return float(0.1102 * (attenuation - 8.7))
    if attenuation > 21:
        return float(0.5842 * (attenuation - 21) ** 0.4 + 0.07886 * (attenuation - 21))
    return 0.0
