"""The aten engine: PyTorch's own fused LSTM (oneDNN on a CPU, cuDNN on a GPU), for the options that it covers."""

import torch
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from gatecell.kernels.options import LSTMOptions
from gatecell.kernels.random import Kind, dropout_mask
from gatecell.kernels.reference import valid_steps
from gatecell.kernels.weights import LayerWeights


def refusals(options: LSTMOptions, *, training: bool, steps: str) -> tuple[str, ...]:
    """Return why PyTorch's LSTM cannot run these options; nothing where it can."""
    lacking = {
        "peephole": options.peephole,
        "coupled_gates": options.coupled_gates,
        "layer_norm": options.layer_norm,
        "recurrent_dropout in training": training and options.recurrent_dropout > 0,
        "precision of its products to choose": options.precision != "full",
        "zoneout": options.zoneout_c > 0 or options.zoneout_h > 0,
        "a mask other than lengths": steps == "mask",
    }
    return tuple(f"PyTorch's LSTM has no {what}" for what, asked in lacking.items() if asked)


def run_direction(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    weights: LayerWeights,
    options: LSTMOptions,
    *,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    reverse: bool = False,
    training: bool = False,
    seed: Tensor | None = None,
    stream: int = 0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Run one direction of one layer; see ``reference.run_direction`` for the contract."""
    assert mask is None, "choose_engine does not send a mask here"
    if x.shape[0] == 0 or x.shape[1] == 0:
        return x.new_zeros(x.shape[0], x.shape[1], options.output_size), h, c
    if training and options.input_dropout:
        assert seed is not None
        x = x * dropout_mask(
            x, options.input_dropout, units=x.shape[2], seed=seed, stream=stream, kind=Kind.INPUT_DROPOUT
        ).unsqueeze(1)
    if lengths is not None:
        return _ragged(x, h, c, weights, lengths, reverse=reverse, training=training)
    output, h_n, c_n = torch.lstm(
        x.flip(1) if reverse else x,
        (h.unsqueeze(0), c.unsqueeze(0)),
        *_torch_weights(weights),
        num_layers=1,
        dropout=0.0,
        train=training,
        bidirectional=False,
        batch_first=True,
    )
    return output.flip(1) if reverse else output, h_n[0], c_n[0]


def _ragged(
    x: Tensor, h: Tensor, c: Tensor, weights: LayerWeights, lengths: Tensor, *, reverse: bool, training: bool
) -> tuple[Tensor, Tensor, Tensor]:
    # packing knows no empty row: it runs one step, whose results are then not used
    filled = lengths.clamp(min=1)
    x = x.masked_fill(~valid_steps(x, lengths)[..., None], 0.0)
    packed = pack_padded_sequence(
        _reversed_rows(x, filled) if reverse else x, filled.cpu(), batch_first=True, enforce_sorted=False
    )
    order, back = packed.sorted_indices, packed.unsorted_indices
    data, h_n, c_n = torch.lstm(
        packed.data,
        packed.batch_sizes,
        (h[order].unsqueeze(0), c[order].unsqueeze(0)),
        *_torch_weights(weights),
        num_layers=1,
        dropout=0.0,
        train=training,
        bidirectional=False,
    )
    output, _ = pad_packed_sequence(packed._replace(data=data), batch_first=True, total_length=x.shape[1])
    if reverse:
        output = _reversed_rows(output, filled)
    empty = (lengths == 0).to(x.device)[:, None]
    return (
        output.masked_fill(empty[..., None], 0.0),
        # under autocast the given states may be wider than the results
        torch.where(empty, h.to(h_n.dtype), h_n[0][back]),
        torch.where(empty, c.to(c_n.dtype), c_n[0][back]),
    )


def _torch_weights(weights: LayerWeights) -> tuple[list[Tensor], bool]:
    values = [weights.input, weights.recurrent]
    if weights.bias is not None:
        # two biases in PyTorch, whose sum alone counts
        values += [weights.bias, torch.zeros_like(weights.bias)]
    if weights.projection is not None:
        values.append(weights.projection)
    return values, weights.bias is not None


def _reversed_rows(x: Tensor, lengths: Tensor) -> Tensor:
    """Reverse the first ``lengths[b]`` steps of each row; the steps behind them stay."""
    step = torch.arange(x.shape[1], device=x.device)[None, :]
    last = lengths.to(x.device)[:, None] - 1
    source = torch.where(step <= last, last - step, step)
    return x.gather(1, source[..., None].expand_as(x))
