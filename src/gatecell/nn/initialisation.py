"""How the parameters of one layer and direction start."""

import math

import torch
from torch import Tensor, nn

from gatecell._core.checks import check_choice, check_number
from gatecell._core.errors import OptionError
from gatecell.kernels.options import LSTMOptions
from gatecell.kernels.weights import LayerWeights

SCHEMES = ("glorot", "torch")
DEFAULT_FORGET_BIAS = {"glorot": 1.0, "torch": None}
"""The forget bias where none is asked for: 1 (Jozefowicz et al. 2015), or none, as ``torch.nn.LSTM`` has it."""
_SPREAD = 0.1
"""How far the values of ``_spread_cells`` lie from 0: of 0.01 to 0.3 it kept the gradients of rows of zeros moderate at
most sizes."""


def check_start(scheme: str, forget_bias: float | None, bias: bool) -> None:
    """Raise ``OptionError`` unless these options of ``initialise`` are in their ranges and go together."""
    check_choice("initialisation", scheme, SCHEMES)
    if forget_bias is not None:
        check_number("forget_bias", forget_bias)
        if not bias:
            raise OptionError("forget_bias needs bias=True: without a bias there is nothing to set.")


@torch.no_grad()
def initialise(weights: LayerWeights, options: LSTMOptions, scheme: str, forget_bias: float | None) -> None:
    """Fill the parameters in place, drawing from PyTorch's default generator.

    Parameters
    ----------
    weights, options
        The parameters and which LSTM they belong to.
    scheme : "glorot" or "torch"
        ``"glorot"``: Glorot-uniform W and R, orthogonal U, zero bias, as Keras. ``"torch"``: all uniform in
        +-1/sqrt(H), drawn in the order of ``torch.nn.LSTM``, so that the same seed gives the same network.
        Peepholes start at 0 and gains at 1: a layer starts as the plain LSTM of its options. With ``layer_norm`` a
        bias of g that would be 0, or without biases the shift of the cell state, is spread over [-0.1, 0.1] instead.
    forget_bias : float or None
        What the bias of the forget gate starts at; None: the default of the scheme.
    """
    if scheme == "glorot":
        nn.init.xavier_uniform_(weights.input)
        # the QR decomposition exists in single and double precision only
        exact = torch.promote_types(weights.recurrent.dtype, torch.float32)
        weights.recurrent.copy_(nn.init.orthogonal_(torch.empty_like(weights.recurrent, dtype=exact)))
        _fill(weights.bias, 0.0)
        if weights.projection is not None:
            nn.init.xavier_uniform_(weights.projection)
    else:
        bound = 1 / math.sqrt(options.hidden_size)
        nn.init.uniform_(weights.input, -bound, bound)
        nn.init.uniform_(weights.recurrent, -bound, bound)
        if weights.bias is not None:
            nn.init.uniform_(weights.bias, -bound, bound)
            # PyTorch has two biases, whose sum is the one here
            weights.bias.add_(torch.empty_like(weights.bias).uniform_(-bound, bound))
        if weights.projection is not None:
            nn.init.uniform_(weights.projection, -bound, bound)
    _fill(weights.peephole, 0.0)
    _fill(weights.norm_input, 1.0)
    _fill(weights.norm_recurrent, 1.0)
    if weights.norm_cell is not None:
        weights.norm_cell[0].fill_(1.0)
        weights.norm_cell[1].fill_(0.0)

    forget_bias = DEFAULT_FORGET_BIAS[scheme] if forget_bias is None else forget_bias
    if weights.bias is not None and forget_bias is not None:
        row = options.gates.index("f") * options.hidden_size
        weights.bias[row : row + options.hidden_size].fill_(forget_bias)
    if weights.norm_cell is not None:
        _spread_cells(weights.norm_cell[1], weights.bias, options, scheme)


def _spread_cells(shift: Tensor, bias: Tensor | None, options: LSTMOptions, scheme: str) -> None:
    """Let the cells of a row of zeros differ; ``shift`` is that of the normalised cell state.

    Were they alike, each would stay at 0, where layer normalisation has the derivative 1 / sqrt(epsilon) = 316: twice a
    step, so that gradients are beyond float32 after some eight steps.
    """
    spread = torch.linspace(-_SPREAD, _SPREAD, options.hidden_size)
    if bias is None:
        shift.copy_(spread)
    elif scheme == "glorot":
        bias.chunk(len(options.gates))[options.gates.index("g")].copy_(spread)


def _fill(parameter: Tensor | None, value: float) -> None:
    if parameter is not None:
        parameter.fill_(value)
