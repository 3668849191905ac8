"""A stack of layers in inference by the native engine: weights packed once, every result written where it belongs."""

from collections.abc import Sequence
from ctypes import byref
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from gatecell._core.errors import InputError
from gatecell.kernels import core, launch
from gatecell.kernels.options import LSTMOptions
from gatecell.kernels.weights import LayerWeights, weight_shapes

_Stamp = tuple[int, torch.Size, bool]
"""Where a weight lies, its shape, and whether it is contiguous."""


class PreparedStack:
    """Layers whose weights are kept as the core reads them, from call to call.

    They are packed anew where a weight has another address or shape, or where any of its values has changed, however
    that was done: the core hashes all of them at each call (``csrc/fingerprint.h``), because PyTorch counts no version
    for what is written through ``.data`` or a NumPy view. Weights that are not contiguous are packed at each call.

    Parameters
    ----------
    layers : tuple of LSTMOptions
    directions : 1 or 2
    """

    def __init__(self, layers: tuple[LSTMOptions, ...], directions: int) -> None:
        self._layers = layers
        self._directions = directions
        self._kept: list[_Kept | None] = [None] * (len(layers) * directions)

    def __reduce__(self) -> tuple[Any, ...]:
        # what is packed belongs to the weights of one module on one machine: a copy packs its own
        return PreparedStack, (self._layers, self._directions)

    def run(
        self,
        x: Tensor,
        states: tuple[Tensor, Tensor] | None,
        weights: Sequence[LayerWeights],
        lengths: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Run the stack in evaluation mode.

        Parameters
        ----------
        x : (B, T, I), float32 or float64 on the CPU
        states : (h_0, c_0), (L * D, B, P) and (L * D, B, H), of the same kind; ``None``: zero
        weights : the parameters of each layer and direction, in the order of the states
        lengths : (B,) int64, optional
        mask : (B, T) bool, optional

        Returns
        -------
        output : (B, T, D * P)
        (h_n, c_n) : as ``states``
        """
        rows, steps, _ = x.shape
        first, directions = self._layers[0], self._directions
        hidden, size = first.hidden_size, first.output_size
        if x.stride(2) != 1:
            x = x.contiguous()
        dtype, item = x.dtype, x.element_size()
        # new_empty takes less time than torch.empty, which has its keywords to read
        h_n = x.new_empty(len(self._kept), rows, size)
        c_n = x.new_empty(len(self._kept), rows, hidden)
        h_n_at, c_n_at = h_n.data_ptr(), c_n.data_ptr()
        h_at = c_at = 0
        if states is not None:
            # held in a name of their own until the core is done
            states = (states[0].contiguous(), states[1].contiguous())
            h_at, c_at = states[0].data_ptr(), states[1].data_ptr()
        lengths = None if lengths is None else lengths.contiguous()
        mask = None if mask is None else mask.contiguous()
        row_stride, step_stride = x.stride(0), x.stride(1)
        width = directions * size
        time_first = row_stride < step_stride
        index = 0
        for _ in self._layers:
            if time_first:
                output = x.new_empty(steps, rows, width).transpose(0, 1)
            else:
                output = x.new_empty(rows, steps, width)
            x_at, output_at = x.data_ptr(), output.data_ptr()
            strides = (width, rows * width) if time_first else (steps * width, width)
            for direction in range(directions):
                # the addresses of this direction's states, in bytes; 0 stands for states of zero
                from_h, from_c = index * rows * size * item, index * rows * hidden * item
                run = core.pack_run(
                    *(x_at, row_stride, step_stride),
                    *(h_at and h_at + from_h, c_at and c_at + from_c),
                    *(output_at + direction * size * item, *strides),
                    *(h_n_at + from_h, c_n_at + from_c, 0, 0),
                )
                self._run(index, weights[index], dtype, rows, steps, lengths, mask, run)
                index += 1
            x, (row_stride, step_stride) = output, strides
        return x, (h_n, c_n)

    def step(self, x: Tensor, h: Tensor | None, c: Tensor | None, weights: LayerWeights) -> tuple[Tensor, Tensor]:
        """Run one step of a stack of one layer and direction, in evaluation mode.

        Parameters
        ----------
        x : (B, I), float32 or float64 on the CPU
        h, c : (B, P) and (B, H), of the same kind; ``None``: zero
        weights : the parameters

        Returns
        -------
        (h, c) : as they were given, after the step
        """
        options, rows = self._layers[0], x.shape[0]
        if x.stride(1) != 1:
            x = x.contiguous()
        h = None if h is None else h.contiguous()
        c = None if c is None else c.contiguous()
        h_n, c_n = x.new_empty(rows, options.output_size), x.new_empty(rows, options.hidden_size)
        h_n_at = h_n.data_ptr()
        run = core.pack_run(
            *(x.data_ptr(), x.stride(0), 0),
            *(0 if h is None else h.data_ptr(), 0 if c is None else c.data_ptr()),
            # the output of the step is the state behind it
            *(h_n_at, options.output_size, 0, h_n_at, c_n.data_ptr(), 0, 0),
        )
        self._run(0, weights, x.dtype, rows, 1, None, None, run)
        return h_n, c_n

    def _run(
        self,
        index: int,
        weights: LayerWeights,
        dtype: torch.dtype,
        rows: int,
        steps: int,
        lengths: Tensor | None,
        mask: Tensor | None,
        run: bytes,
    ) -> None:
        kept = self._kept[index]
        stamp = _stamp(weights)
        if kept is None or kept.stamp != stamp:
            kept = self._keep(index, weights, stamp, dtype)
        call = (dtype, rows, steps, torch.get_num_threads())
        asked, problem = kept.asked
        if lengths is not None or mask is not None or asked != call:
            problem = launch.new_problem(self._layers[index // self._directions], dtype)
            _, problem.rows, problem.steps, problem.threads = call
            problem.reverse = index % self._directions
            if lengths is not None:
                problem.lengths = lengths.data_ptr()
            elif mask is not None:
                problem.mask = mask.data_ptr()
            else:
                # replaced as one, not changed: another thread may be reading the old ones
                kept.asked = call, problem
        forward = core.library().gatecell_forward
        status = forward(byref(problem), kept.addresses, kept.packed_at, run)
        if status == core.STALE:
            kept = self._keep(index, weights, stamp, dtype)
            status = forward(byref(problem), kept.addresses, kept.packed_at, run)
        if status == core.STALE:
            # another thread goes on writing, as one that learns does: the weights are read as they come, as by PyTorch
            status = forward(byref(problem), kept.addresses, None, run)
        core.check(status)

    def _keep(self, index: int, weights: LayerWeights, stamp: list[_Stamp], dtype: torch.dtype) -> "_Kept":
        options = self._layers[index // self._directions]
        for name, shape in weight_shapes(options).items():
            weight = getattr(weights, name)
            if weight is None or weight.shape != shape or weight.dtype != dtype or weight.device.type != "cpu":
                raise InputError(f"The weight {name} must have shape {shape}, {dtype} on the CPU, like the input.")
        weights = LayerWeights(*(None if weight is None else weight.contiguous() for weight in weights))  # type: ignore[arg-type]
        addresses = launch.addresses(weights)
        packed = core.pack(launch.new_problem(options, dtype), addresses)
        kept = _Kept(stamp, weights, addresses, packed, packed.data_ptr())
        # of weights that are not contiguous it holds copies, in which a later change would not show
        self._kept[index] = kept if all(contiguous for _, _, contiguous in stamp) else None
        return kept


@dataclass
class _Kept:
    stamp: list[_Stamp]
    weights: LayerWeights
    addresses: bytes
    packed: Tensor
    packed_at: int
    asked: tuple[tuple[torch.dtype, int, int, int] | None, core.Problem] = field(
        default_factory=lambda: (None, core.Problem())
    )
    """Kind of numbers, rows, steps and threads of the last call without lengths and mask, and how the core is asked for
    them."""


def _stamp(weights: LayerWeights) -> list[_Stamp]:
    return [(weight.data_ptr(), weight.shape, weight.is_contiguous()) for weight in weights if weight is not None]
