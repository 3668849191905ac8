"""Truncated back-propagation through time: long rows whose gradient goes back a few steps only."""

import torch
from torch import Tensor, nn

from gatecell._core.errors import OptionError
from gatecell.nn.lstm import LSTM, States


def truncated(lstm: nn.Module, x: Tensor, lengths: Tensor | None, steps: int) -> tuple[Tensor, States]:
    """Run an LSTM as ``lstm(x, lengths=lengths)``, with a gradient for the last ``steps`` steps of each row alone.

    What comes before them is read without a gradient, and without what one would need, and its state is carried on: the
    values are those of one unbroken pass. Dropout masks and zoneout are drawn once for what comes before and once for
    the last steps.

    Parameters
    ----------
    lstm : gatecell.nn.lstm.LSTM
        Batch first, in one direction.
    x : (B, T, I)
    lengths : (B,) int64, optional
    steps : int
        At least 1.

    Raises
    ------
    OptionError
        Where the LSTM reads in both directions.
    """
    assert isinstance(lstm, LSTM)
    if lstm.bidirectional:
        raise OptionError(
            "stateful=True carries the state forward in time, but bidirectional=True reads backward too. "
            "Set one of them to False."
        )
    n_steps = x.shape[1]
    if n_steps <= steps:
        output, final = lstm(x, lengths=lengths)
        return output, final
    if lengths is None:
        with torch.no_grad():
            before, state = lstm(x[:, :-steps])
        last, final = lstm(x[:, -steps:], state)
        return torch.cat([before, last], dim=1), final
    lengths = lengths.to(x.device)
    cut = (lengths - steps).clamp(min=0)
    with torch.no_grad():
        before, state = lstm(x[:, : int(cut.max())], lengths=cut)
    # beyond the end of a row the output is 0, wherever it is put
    places = (cut[:, None] + torch.arange(steps, device=x.device)).clamp(max=n_steps - 1)[:, :, None]
    last, final = lstm(x.gather(1, places.expand(-1, -1, x.shape[2])), state, lengths=lengths - cut)
    rest = before.new_zeros(len(x), n_steps - before.shape[1], before.shape[2])
    output = torch.cat([before, rest], dim=1)
    return output.scatter_add(1, places.expand(-1, -1, before.shape[2]), last), final
