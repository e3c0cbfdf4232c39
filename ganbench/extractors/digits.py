"""The embedded extractor: a small classifier of scikit-learn's digits, shipped with the package.

Numbers computed with it say ``digits`` and do not compare with published ones. For the scale of its FID (covariance
divided by N): random halves of the 1,442 training images are 1.2 apart (standard deviation 0.4), train and test split
0.41. The distance of the training images from themselves is 0.09 after adding noise of standard deviation 10, 0.6 after
a 3x3 blur, 1.8 after a shift by one pixel, 3.4 without nines, and 16 with each image replaced by the mean of its class;
uniform noise is 122 away.

For the scale of its perceptual distance, which is not LPIPS: two training images are 4.61 apart on average, two of one
digit 2.65; a training image is 0.41 from itself shifted by one pixel, and 0.06 from itself with noise of standard
deviation 10.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from baselines.digits import classifier
from baselines.digits.dataset import NUM_CLASSES, RESOLUTION
from ganbench.checkpoints.digest import file_sha256
from ganbench.errors import BadInputError
from ganbench.extractors.network import Network
from ganbench.functional import lpips_embedding


class DigitsExtractor(Network):
    """The digits classifier: ``features`` (64, linear), ``probabilities`` (10, softmax) and ``spatial`` (448).

    Spatial features are the first seven channels of the third convolution, 8x8, in the order of height, width, channel.

    Its perceptual distance, named ``digits``, compares the four convolutional layers as LPIPS does, without learned
    weights. Its attributes are the ten classes. Images are 32x32; RGB images are averaged over their channels.
    """

    layers: Mapping[str, int] = {
        "features": classifier.NUM_FEATURES,
        "probabilities": NUM_CLASSES,
        "spatial": 7 * (RESOLUTION // 4) ** 2,
    }
    attributes = tuple(f"is-{digit}" for digit in range(NUM_CLASSES))
    classes = tuple(str(digit) for digit in range(NUM_CLASSES))
    module: classifier.Classifier

    resolution = RESOLUTION

    def __call__(self, images: Tensor) -> Mapping[str, Tensor]:
        """Return ``features [N, 64]``, ``probabilities [N, 10]`` and ``spatial [N, 448]`` of uint8 images.

        Args:
            images: ``[N, C, 32, 32]``.

        Raises:
            BadInputError: the images have another size.
        """
        grey = self.prepared(images)
        if grey.shape[2:] != (RESOLUTION, RESOLUTION):
            raise BadInputError(
                f"expected {RESOLUTION}x{RESOLUTION} images for the extractor 'digits', found {images.shape[2]}x"
                f"{images.shape[3]}: measure a model of that size, or use the extractor inception."
            )
        found = self.module.activations(grey)
        spatial = found.layers[2][:, :7].permute(0, 2, 3, 1).flatten(1)
        return {"features": found.features, "probabilities": torch.softmax(found.logits, 1), "spatial": spatial}

    def embed(self, images: Tensor) -> Tensor:
        """Return ``[N, E]`` of ``[N, C, H, W]`` float images in 0..255; E is 9,216 at 32x32, less for a crop."""
        return lpips_embedding(self.module.convolved(self.prepared(images)))

    def attribute_logits(self, images: Tensor) -> Tensor:
        """Return ``[N, 10]``: for each digit, half of the log-odds that the image shows this digit.

        So ``softmax([logit, -logit])`` is the classifier's probability of this digit and of any other. Nine of ten
        images show another digit, and the classifier is more confident about those: the most confident half, which
        linear separability uses, has about 2 % with the digit, and scores near 1.

        Args:
            images: ``[N, C, 32, 32]`` float, -1..1.
        """
        logits = self.module.activations(self.prepared((images + 1) * 127.5)).logits
        others = torch.stack([logits[:, self._all_but(digit)].logsumexp(1) for digit in range(NUM_CLASSES)], 1)
        return (logits - others) / 2

    @staticmethod
    def _all_but(digit: int) -> list[int]:
        return [other for other in range(NUM_CLASSES) if other != digit]

    def prepared(self, images: Tensor) -> Tensor:
        """Return ``[N, 1, H, W]`` floats in 0..255, averaged over channels."""
        return super().prepared(images).mean(1, keepdim=True)


def open_digits() -> DigitsExtractor:
    """Return the embedded classifier of digits, which replaces all others in the digits benchmarks.

    The network is float32, on the CPU.
    """
    return DigitsExtractor("digits", file_sha256(classifier.WEIGHTS), classifier.load())
