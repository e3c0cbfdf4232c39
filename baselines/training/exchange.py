"""Averaging of gradients over all processes, while the backward pass still computes.

Gradients are sent in buckets as soon as they are complete, as by torch's ``DistributedDataParallel``, whose hooks are
bound to one module's ``forward``: a phase of a GAN calls parts of several networks, several times.
"""

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from functools import partial

import torch
import torch.distributed as dist
from torch import Tensor, nn

from baselines.ops import processes

__all__ = ["averaged"]

BUCKET = 25 * 2**20  # bytes


def averaged(networks: Iterable[nn.Module], last: bool = True) -> "nullcontext[None] | Exchange":
    """Return a context that replaces the gradients which a backward pass in its body completes by their means.

    Args:
        networks: whose gradients.
        last: False if a later pass adds to the gradients; nothing is sent then.
    """
    if processes.count() == 1 or not last:
        return nullcontext()
    return Exchange(p for network in networks for p in network.parameters() if p.requires_grad)


class Exchange:
    """Buckets of parameters, in the reverse order of their use, which is about the order of the backward pass.

    All processes send the buckets in the same order, whichever is complete first: the order of exchanges must agree.
    """

    def __init__(self, parameters: Iterable[nn.Parameter]) -> None:
        self.buckets = list(buckets(list(parameters)[::-1]))
        self.missing = [len(bucket) for bucket in self.buckets]
        self.sent: list[tuple[dist.Work, Tensor, list[Tensor]]] = []

    def __enter__(self) -> None:
        self.hooks = [
            # Torch has no type for these hooks.
            p.register_post_accumulate_grad_hook(partial(self.complete, number))  # type: ignore[no-untyped-call]
            for number, bucket in enumerate(self.buckets)
            for p in bucket
        ]

    def complete(self, number: int, _: Tensor) -> None:
        """Note that a gradient of a bucket is complete; send the buckets whose turn it is."""
        self.missing[number] -= 1
        while len(self.sent) < len(self.buckets) and self.missing[len(self.sent)] == 0:
            self.send()

    def send(self) -> None:
        """Send the next bucket."""
        # Parameters that the loss does not reach have no gradient, in no process.
        gradients = [p.grad for p in self.buckets[len(self.sent)] if p.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients]) if gradients else torch.zeros(1)
        with processes.meeting():
            work = dist.all_reduce(flat, async_op=True)
        assert work is not None, "this process is one of the group"
        self.sent.append((work, flat, gradients))

    def __exit__(self, kind: object, *_: object) -> None:
        for hook in self.hooks:
            hook.remove()
        if kind is not None:
            return
        while len(self.sent) < len(self.buckets):
            self.send()
        for work, flat, gradients in self.sent:
            with processes.meeting():
                work.wait()
            means = torch.split(flat.div_(processes.count()), [gradient.numel() for gradient in gradients])
            for gradient, mean in zip(gradients, means if gradients else (), strict=True):
                gradient.copy_(mean.view_as(gradient))


def buckets(parameters: Iterable[nn.Parameter]) -> Iterator[list[nn.Parameter]]:
    """Yield the parameters in lists of at most ``BUCKET`` bytes, or of one parameter, of one dtype and device each."""
    bucket: list[nn.Parameter] = []
    size = 0
    for parameter in parameters:
        bytes_ = parameter.numel() * parameter.element_size()
        if bucket and (size + bytes_ > BUCKET or parameter.dtype != bucket[0].dtype):
            yield bucket
            bucket, size = [], 0
        bucket.append(parameter)
        size += bytes_
    if bucket:
        yield bucket
