"""One step of the LSTM as a module: ``torch.nn.LSTMCell`` with every option that lives within a step."""

from collections.abc import MutableMapping
from typing import Any, Never, Self

import torch
from torch import Tensor, nn

from gatecell._core.errors import TensorError
from gatecell.kernels.dispatch import EngineChoice, choose_engine, direction_runner
from gatecell.kernels.inference import PreparedStack
from gatecell.kernels.interception import detour
from gatecell.kernels.options import LSTMOptions, Precision
from gatecell.kernels.random import new_seed
from gatecell.nn import parameters
from gatecell.nn.autocast import is_autocast_enabled, run_under_autocast
from gatecell.nn.conversion import check_conversion, check_torch_has, not_scriptable
from gatecell.nn.initialisation import check_start, initialise
from gatecell.nn.masking import are_plain, check_numbers, check_pair, check_state, check_tensor


class LSTMCell(nn.Module):
    """One LSTM step with the constructor, shapes and results of ``torch.nn.LSTMCell``.

    Variational dropout is not among the options: its mask belongs to a whole sequence, which a cell does not see. Use
    ``LSTM`` for it.

    Parameters
    ----------
    input_size, hidden_size, bias, device, dtype
        As in ``torch.nn.LSTMCell``, but with one bias.
    proj_size, layer_norm, peephole, coupled_gates, zoneout_h, zoneout_c, forget_bias, initialisation, precision, engine
        As in ``gatecell.nn.lstm.LSTM``.

    Raises
    ------
    OptionError
        Where an option is out of its range.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        proj_size: int = 0,
        layer_norm: bool = False,
        peephole: bool = False,
        coupled_gates: bool = False,
        zoneout_h: float = 0.0,
        zoneout_c: float = 0.0,
        forget_bias: float | None = None,
        initialisation: str = "glorot",
        precision: Precision = "full",
        engine: str = "auto",
    ) -> None:
        super().__init__()
        self.__module__ = parameters.LEAF
        self.options = LSTMOptions(
            input_size=input_size,
            hidden_size=hidden_size,
            proj_size=proj_size,
            bias=bias,
            layer_norm=layer_norm,
            peephole=peephole,
            coupled_gates=coupled_gates,
            zoneout_h=zoneout_h,
            zoneout_c=zoneout_c,
            precision=precision,
        )
        check_start(initialisation, forget_bias, bias)
        self.initialisation = initialisation
        self.forget_bias = forget_bias
        self.engine = engine
        parameters.register(self, self.options, "", device, dtype)
        self._names = parameters.names(self.options, "")
        self._prepared = PreparedStack((self.options,), 1)
        self.explain(training=True)
        self.reset_parameters()

    @property
    def input_size(self) -> int:
        """I, the number of input features."""
        return self.options.input_size

    @property
    def hidden_size(self) -> int:
        """H, the number of cells."""
        return self.options.hidden_size

    def reset_parameters(self) -> None:
        """Draw the parameters anew, from PyTorch's default generator."""
        initialise(parameters.collect(self, self._names), self.options, self.initialisation, self.forget_bias)

    def forward(
        self,
        input: Tensor,
        hx: tuple[Tensor, Tensor] | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Run one step.

        Parameters
        ----------
        input : (B, I), or (I,) unbatched
        hx : (h, c), optional
            (B, P) and (B, H), unbatched (P,) and (H,); zero by default. P is H without a projection.

        Returns
        -------
        (h, c) : the states after the step

        Raises
        ------
        InputError
            Where shapes or numbers do not fit.
        """
        weight = parameters.first(self, "")
        engine = self.explain().name
        if hx is not None and self._need_no_check(input, hx, weight) and not is_autocast_enabled("cpu"):
            return self._run(engine, input, *hx)
        check_tensor("The input", input)
        if input.dim() not in (1, 2) or input.shape[-1] != self.options.input_size:
            raise TensorError(
                f"The input must have shape (batch, {self.options.input_size}), or ({self.options.input_size},) "
                f"unbatched, got {tuple(input.shape)}."
            )
        check_numbers(input, weight)
        unbatched = input.dim() == 1
        x = input.unsqueeze(0) if unbatched else input
        h = c = None
        if hx is not None:
            check_pair(hx)
            h = self._initial_state("h", hx[0], x, weight, unbatched)
            c = self._initial_state("c", hx[1], x, weight, unbatched)

        def run(x: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
            states = self._run(engine, x, h, c)
            return states[0], states

        if is_autocast_enabled(x.device.type):
            _, (h, c) = run_under_autocast(run, engine, x, weight.dtype)
        else:
            h, c = self._run(engine, x, h, c)
        return (h[0], c[0]) if unbatched else (h, c)

    def _need_no_check(self, x: Tensor, hx: Any, weight: Tensor) -> bool:
        """Return whether these are a batch and a pair of states as they should be: no check would say anything."""
        if not isinstance(hx, tuple | list) or len(hx) != 2 or not are_plain((x, *hx), weight) or x.dim() != 2:
            return False
        (rows, size), options = x.shape, self.options
        return (
            size == options.input_size
            and hx[0].shape == (rows, options.output_size)
            and hx[1].shape == (rows, options.hidden_size)
        )

    def _initial_state(self, name: str, state: Tensor, x: Tensor, weight: Tensor, unbatched: bool) -> Tensor:
        size = self.options.output_size if name == "h" else self.options.hidden_size
        check_state(name, state, (size,) if unbatched else (x.shape[0], size), x)
        state = state.unsqueeze(0) if unbatched else state
        return state if state.dtype == weight.dtype else state.to(weight.dtype)

    def _run(self, engine: str, x: Tensor, h: Tensor | None, c: Tensor | None) -> tuple[Tensor, Tensor]:
        weights = parameters.collect(self, self._names)
        evaluates = not (self.training or torch.is_grad_enabled())
        if evaluates and engine == "native" and detour((x, h, c), (weights,)) is None:
            return self._prepared.step(x, h, c, weights)
        zero = weights.recurrent
        _, h, c = direction_runner(engine)(
            x.unsqueeze(1),
            x.new_zeros(x.shape[0], self.options.output_size, dtype=zero.dtype) if h is None else h,
            x.new_zeros(x.shape[0], self.options.hidden_size, dtype=zero.dtype) if c is None else c,
            weights,
            self.options,
            training=self.training,
            seed=new_seed() if self.training and (self.options.zoneout_h or self.options.zoneout_c) else None,
        )
        return h, c

    @torch.compiler.assume_constant_result  # type: ignore[untyped-decorator]
    def explain(self, *, training: bool | None = None) -> EngineChoice:
        """Say which engine runs, and why the others do not; see ``LSTM.explain``."""
        weight = parameters.first(self, "")
        return choose_engine(
            self.options,
            weight.device,
            weight.dtype,
            self.training if training is None else training,
            engine=self.engine,
        )

    @classmethod
    def from_torch(cls, module: nn.LSTMCell, **extras: Any) -> Self:
        """Build a cell with the weights of a ``torch.nn.LSTMCell``.

        ``extras`` are ``zoneout_h``, ``zoneout_c``, ``precision`` or ``engine``; errors as in ``LSTM.from_torch``.
        """
        check_conversion(module, nn.LSTMCell, extras, ("zoneout_h", "zoneout_c", "precision", "engine"))
        weight = next(module.parameters())
        cell = cls(module.input_size, module.hidden_size, module.bias, weight.device, weight.dtype, **extras)
        cell.load_state_dict(module.state_dict())
        return cell.train(module.training)

    def to_torch(self) -> nn.LSTMCell:
        """Build the ``torch.nn.LSTMCell`` that computes the same; its second bias is 0.

        Raises
        ------
        OptionError
            Where an option is used that ``torch.nn.LSTMCell`` does not have.
        """
        check_torch_has(self.options, nn.LSTMCell)
        weight = parameters.first(self, "")
        cell = nn.LSTMCell(self.input_size, self.hidden_size, self.options.bias, weight.device, weight.dtype)
        state = self.state_dict()
        parameters.split_bias(state, "")
        cell.load_state_dict(state)
        return cell.train(self.training)

    def __prepare_scriptable__(self) -> Never:
        """Refuse ``torch.jit.script``, which would put what is returned here into the model that it is given."""
        raise not_scriptable()

    def extra_repr(self) -> str:
        """Return the sizes and the options that differ from their defaults."""
        defaults = LSTMOptions(input_size=self.options.input_size, hidden_size=self.options.hidden_size)
        changed = {name: value for name, value in vars(self.options).items() if value != getattr(defaults, name)}
        return ", ".join(
            [f"{self.options.input_size}, {self.options.hidden_size}", *(f"{k}={v!r}" for k, v in changed.items())]
        )

    def _load_from_state_dict(self, state_dict: MutableMapping[str, Tensor], prefix: str, *args: Any) -> None:
        parameters.join_torch_biases(state_dict, prefix, "")
        super()._load_from_state_dict(state_dict, prefix, *args)
