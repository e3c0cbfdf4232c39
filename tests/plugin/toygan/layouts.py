"""A reader of another program's files, in which the tensors of waves have other names."""

from ganbench.formats import Architecture, BaseFormat, Content, NetworkSpec, Tensors

WAVES = Architecture("waves generator", "toygan:Waves")
NAMES = {"mixing": "weight", "plane_waves": "frequencies"}
SHAPES = {"mixing": (6, 6), "plane_waves": (6, 2)}


class OtherWaves(BaseFormat):
    """The layout of the other program."""

    architectures = (WAVES,)

    def recognise(self, content: Content) -> dict[str, NetworkSpec] | None:
        """Return the generator where all names and shapes are those of the layout."""
        if not isinstance(content, Tensors) or {name: tuple(content[name].shape) for name in content} != SHAPES:
            return None
        return {"G": NetworkSpec(WAVES, {}, {ours: content[theirs] for theirs, ours in NAMES.items()})}


other_waves = OtherWaves()
