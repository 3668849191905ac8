"""What is measured: one forward pass, or a forward and a backward pass, by each contender on the same batch."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from benchmarks.cases import Case
from gatecell.nn.lstm import LSTM

Forward = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Contender:
    """One way to run a case."""

    name: str
    module: nn.Module
    forward: Forward
    """From x (B, T, I) to the output (B, T, P)."""
    comparable: bool
    """Whether its numbers are those of the other contenders of the case."""

    def call(self, mode: str, x: Tensor) -> Callable[[], Tensor]:
        """Return what is timed: a forward pass, to be called in inference mode; or a forward and a backward pass.

        The backward pass begins with a gradient of the whole output (B, T, P), as the layers above would hand it down;
        it is the same for outputs of the same shape.
        """
        self.module.train(mode == "train")
        if mode == "infer":
            return partial(self.forward, x)
        gradient = torch.randn(self.forward(x).shape, generator=torch.Generator().manual_seed(1))
        return partial(self._train, x, gradient)

    def _train(self, x: Tensor, gradient: Tensor) -> Tensor:
        self.module.zero_grad()
        output = self.forward(x)
        output.backward(gradient)
        return output


class CellLoop(nn.Module):
    """The layer as a loop over ``torch.nn.LSTMCell``, as people write it for options that ``torch.nn.LSTM`` lacks."""

    def __init__(self, lstm: nn.LSTM) -> None:
        super().__init__()
        self.cell = nn.LSTMCell(lstm.input_size, lstm.hidden_size)
        self.cell.load_state_dict({name.removesuffix("_l0"): value for name, value in lstm.state_dict().items()})

    def forward(self, x: Tensor) -> Tensor:
        """Run over x (B, T, I)."""
        h = c = x.new_zeros(x.shape[0], self.cell.hidden_size)
        outputs = []
        for step in x.unbind(1):
            h, c = self.cell(step, (h, c))
            outputs.append(h)
        return torch.stack(outputs, dim=1)


def contenders(case: Case, lengths: Tensor | None, mode: str) -> list[Contender]:
    """Return ours and its peers for one case, with the same weights where they have the same parameters."""
    theirs = nn.LSTM(
        case.input_size, case.hidden_size, case.num_layers, batch_first=True, bidirectional=case.bidirectional
    )
    if case.bfloat16:
        rounding, full = LSTM.from_torch(theirs, precision="bfloat16"), LSTM.from_torch(theirs)
        return [
            Contender("gatecell", rounding, lambda x: rounding(x)[0], comparable=True),
            Contender("gatecell, full precision", full, lambda x: full(x)[0], comparable=True),
            Contender("nn.LSTM", theirs, lambda x: theirs(x)[0], comparable=True),
        ]
    if case.options:
        return _with_options(case)
    ours = LSTM.from_torch(theirs)
    found = [
        Contender("gatecell", ours, lambda x: ours(x, lengths=lengths)[0], comparable=True),
        Contender("nn.LSTM", theirs, lambda x: theirs(x)[0], comparable=lengths is None),
    ]
    if lengths is not None:
        found.append(Contender("nn.LSTM, packed", theirs, lambda x: _packed(theirs, x, lengths), comparable=True))
    elif case.num_layers == 1 and not case.bidirectional:
        loop = CellLoop(theirs)
        found.append(Contender("loop over LSTMCell", loop, loop, comparable=True))
        onnx = _onnxruntime(case, theirs) if mode == "infer" else None
        if onnx is not None:
            found.append(Contender("onnxruntime", theirs, onnx, comparable=True))
    return found


def _with_options(case: Case) -> list[Contender]:
    shape: dict[str, Any] = {"num_layers": case.num_layers, "batch_first": True, "bidirectional": case.bidirectional}
    ours = LSTM(case.input_size, case.hidden_size, **shape, **case.options)
    loop = LSTM(case.input_size, case.hidden_size, **shape, **case.options, engine="reference")
    loop.load_state_dict(ours.state_dict())
    plain = LSTM(case.input_size, case.hidden_size, **shape)
    return [
        Contender("gatecell", ours, lambda x: ours(x)[0], comparable=True),
        Contender("gatecell, plain", plain, lambda x: plain(x)[0], comparable=False),
        Contender("loop over steps", loop, lambda x: loop(x)[0], comparable=True),
    ]


def _packed(lstm: nn.LSTM, x: Tensor, lengths: Tensor) -> Tensor:
    packed, _ = lstm(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))
    output: Tensor = pad_packed_sequence(packed, batch_first=True, total_length=x.shape[1])[0]
    return output


def _onnxruntime(case: Case, lstm: nn.LSTM) -> Forward | None:
    """Return the layer as an ONNX Runtime session; ``None`` where onnx and onnxruntime are not installed."""
    try:
        onnx, onnxruntime = import_module("onnx"), import_module("onnxruntime")
    except ModuleNotFoundError:
        return None
    state = lstm.state_dict()

    def gates(name: str) -> Tensor:
        # ONNX orders the gates i o f g
        i, f, g, o = state[name].chunk(4)
        return torch.cat([i, o, f, g])

    values = {
        "W": gates("weight_ih_l0")[None],
        "R": gates("weight_hh_l0")[None],
        "B": torch.cat([gates("bias_ih_l0"), gates("bias_hh_l0")])[None],
    }
    helper = onnx.helper
    tensor = onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [
            helper.make_node("Transpose", ["x"], ["x_time_first"], perm=[1, 0, 2]),
            helper.make_node("LSTM", ["x_time_first", "W", "R", "B"], ["y4"], hidden_size=case.hidden_size),
            helper.make_node("Squeeze", ["y4", "axis"], ["y3"]),
            helper.make_node("Transpose", ["y3"], ["y"], perm=[1, 0, 2]),
        ],
        "lstm",
        [helper.make_tensor_value_info("x", tensor, [case.rows, case.steps, case.input_size])],
        [helper.make_tensor_value_info("y", tensor, [case.rows, case.steps, case.hidden_size])],
        [
            *(import_module("onnx.numpy_helper").from_array(value.numpy(), name) for name, value in values.items()),
            helper.make_tensor("axis", onnx.TensorProto.INT64, [1], [1]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    # its threads would spin on through the turns of the others
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return lambda x: torch.from_numpy(session.run(["y"], {"x": x.numpy()})[0])
