"""What the protocols of models see in an object, on any Python."""

import typing

import pytest
from torch import nn

from ganbench.types import StyleGenerator

MEMBERS = {
    "__call__", "c_dim", "img_channels", "img_resolution", "mapping", "num_ws", "synthesis", "w_dim", "z_dim",
}  # fmt: skip


class Network(nn.Module):
    """A generator whose mapping and synthesis are networks, too."""

    def __init__(self) -> None:
        super().__init__()
        self.z_dim = self.c_dim = self.img_resolution = self.img_channels = self.w_dim = self.num_ws = 1
        self.mapping, self.synthesis = nn.Identity(), nn.Identity()


@pytest.fixture
def as_on_python_3_12(monkeypatch: pytest.MonkeyPatch) -> None:
    """``typing`` notes the members of a protocol, and does not find parts that are not in ``__dict__``."""
    monkeypatch.setattr(StyleGenerator, "__protocol_attrs__", MEMBERS, raising=False)
    monkeypatch.setattr(typing._ProtocolMeta, "__instancecheck__", lambda *_: False)


@pytest.mark.usefixtures("as_on_python_3_12")
def test_a_network_is_known_by_its_parts() -> None:
    assert isinstance(Network(), StyleGenerator)
    lacking, refused = Network(), Network()
    del lacking.synthesis
    refused.mapping = None  # type: ignore[assignment]  # what a class writes that does not have a method
    assert not isinstance(lacking, StyleGenerator)
    assert not isinstance(refused, StyleGenerator)


def test_the_members_are_those_of_this_python() -> None:
    assert isinstance(Network(), StyleGenerator)
    assert not isinstance(nn.Identity(), StyleGenerator)
    noted = vars(StyleGenerator).get("__protocol_attrs__", MEMBERS)
    assert noted == MEMBERS
