"""StyleGAN's relatives whose networks are not built here: the error says whose file it is, and what to do instead."""

from collections.abc import Mapping

from ganbench.checkpoints.format import BaseFormat, Content, MisfitError, NetworkSpec, Snapshot
from ganbench.checkpoints.inert import PersistentObject
from ganbench.checkpoints.recognition import INSTEAD

XL = "a StyleGAN-XL generator"


class RelativesFormat(BaseFormat):
    """StyleGAN-XL, Projected GAN and StyleGAN-T."""

    strangers: Mapping[str, str] = {
        "pg_modules.discriminator.ProjectedDiscriminator": "networks of StyleGAN-XL or of Projected GAN",
        "networks.generator.Generator": "a StyleGAN-T generator",
        "networks.discriminator.ProjectedDiscriminator": "networks of StyleGAN-T",
    }

    def recognise(self, content: Content) -> dict[str, NetworkSpec] | None:
        """Refuse networks of StyleGAN-XL, whose class is known by name or by the source text beside it.

        Raises:
            MisfitError: the snapshot has one.
        """
        for record in content.networks.values() if isinstance(content, Snapshot) else ():
            if isinstance(record, PersistentObject) and "class SuperresGenerator" in record.module_src:
                raise MisfitError(f"holds {XL}, which ganbench does not support", 1.0, INSTEAD)
        return None


relatives = RelativesFormat()
