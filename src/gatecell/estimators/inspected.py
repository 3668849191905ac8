"""Looking inside a fitted estimator, one row at a time."""

from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor

from gatecell.inspection.gates import row_of, trace_network
from gatecell.inspection.saliency import integrated_gradients
from gatecell.nn.network import SequenceNetwork
from gatecell.nn.trace import LayerTrace


class Inspected(ABC):
    """An estimator whose gates can be watched, and whose answers can be traced back to its inputs."""

    network_: SequenceNetwork

    @abstractmethod
    def _one_row(self, row: Any) -> tuple[Tensor, Tensor | None]:
        """Return what the network takes for one row: inputs ``(1, T, ...)`` and lengths ``(1,)``."""

    @abstractmethod
    def _output_of(self, row: Any, label: Any) -> tuple[int, float]:
        """Return which output of the network stands for ``label``, and what it is to be multiplied by."""

    def step_names(self, row: Any) -> list[str] | None:
        """Return what stands at each step of a row, as its token; None where steps have no names."""
        return None

    def gates(self, row: Any) -> list[LayerTrace]:
        """Return what the gates do at each step of one row.

        Parameters
        ----------
        row : array (T, I), array (T,) of one channel, or str
            One sequence or text.

        Returns
        -------
        list of gatecell.nn.trace.LayerTrace
            One a layer and direction; each value is ``(T, H)``. After a convolution T is what that leaves.

        Raises
        ------
        InputError
            Where the row cannot be used, or does not match what was fitted.
        """
        inputs, lengths = self._one_row(row)
        traces = trace_network(self.network_, inputs, lengths)
        return [row_of(trace, 0, trace.h.shape[1]) for trace in traces]

    def saliency(self, row: Any, label: Any = None) -> Any:
        """Return what each step of one row adds to an output, by integrated gradients (Sundararajan et al. 2017).

        Parameters
        ----------
        row : array (T, I), array (T,) of one channel, or str
            One sequence or text.
        label : optional
            Of a classifier a class, by default the predicted one; of a regressor which of its numbers, counted from 0.

        Returns
        -------
        array (T, I), or of a text a list of pairs
            What each value, or each token, adds: of a classifier to the log-odds, of a regressor in the unit of ``y``.
            The sum is about the output for the row less that for a row of zeros (of scaled values their mean, of tokens
            an empty embedding).

        Raises
        ------
        InputError
            Where the row cannot be used, or there is no such label.
        """
        inputs, lengths = self._one_row(row)
        output, factor = self._output_of(row, label)
        return (factor * integrated_gradients(self.network_, inputs, lengths, output=output)).numpy()
