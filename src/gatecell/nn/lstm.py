"""The LSTM module: ``torch.nn.LSTM`` with every option of the recurrence."""

import warnings
from collections.abc import MutableMapping
from dataclasses import replace
from itertools import chain
from typing import Any, Never, Self, overload

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from gatecell._core.checks import check_flag, check_integer, check_number
from gatecell._core.errors import InputError, TensorError
from gatecell.kernels import reference
from gatecell.kernels.dispatch import EngineChoice, Steps, choose_engine, layer_runner
from gatecell.kernels.inference import PreparedStack
from gatecell.kernels.interception import detour
from gatecell.kernels.options import LSTMOptions, Precision
from gatecell.kernels.random import new_seed
from gatecell.kernels.weights import LayerWeights
from gatecell.nn import parameters
from gatecell.nn.autocast import is_autocast_enabled, run_under_autocast
from gatecell.nn.conversion import check_conversion, check_torch_has, not_scriptable, torch_arguments
from gatecell.nn.dropout import dropout
from gatecell.nn.initialisation import check_start, initialise
from gatecell.nn.masking import (
    LengthsLike,
    are_plain,
    as_lengths,
    check_lengths,
    check_mask,
    check_numbers,
    check_pair,
    check_state,
    check_tensor,
)
from gatecell.nn.trace import LayerTrace, trace_stack

States = tuple[Tensor, Tensor]


class LSTM(nn.Module):
    """A stack of LSTM layers with the constructor, shapes and results of ``torch.nn.LSTM``, and more options.

    Parameters
    ----------
    input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, proj_size, device, dtype
        As in ``torch.nn.LSTM``; ``dropout`` acts between layers, on each value of each step.
        There is one bias a layer and direction, as in the equations, where PyTorch has two that are summed.
    input_dropout : float in [0, 1)
        Variational dropout of each layer's input, one mask a sequence (Gal & Ghahramani 2016); Keras's ``dropout``.
    recurrent_dropout : float in [0, 1)
        Variational dropout of h_{t-1}, one mask a sequence; Keras's ``recurrent_dropout``.
    layer_norm : bool
        Layer normalisation (Ba, Kiros & Hinton 2016).
    peephole : bool
        The gates see the cell state (Gers & Schmidhuber 2000).
    coupled_gates : bool
        i = 1 - f; three quarters of the weights and of the work (CIFG, Greff et al. 2017).
    zoneout_h, zoneout_c : float in [0, 1)
        Elements of h and c keep their old value with this probability (Krueger et al. 2017).
    forget_bias : float, optional
        What the forget gate's bias starts at; by default 1 (Jozefowicz et al. 2015) with ``initialisation="glorot"``,
        and whatever is drawn with ``"torch"``.
    initialisation : "glorot" or "torch"
        See ``gatecell.nn.initialisation``. The default is Keras's, which trains better than PyTorch's.
    precision : "full" or "bfloat16"
        What products of matrices are made of: the numbers as they are, or rounded to bfloat16 and summed in float32,
        which is faster where the processor has AVX512_BF16, and slower elsewhere. States, gates and weights stay as
        they are.
    engine : str
        ``"auto"`` or the name of an engine, which then runs or raises ``EngineError``; see ``explain()``.

    Raises
    ------
    OptionError
        Where an option is out of its range.

    Examples
    --------
    >>> import torch
    >>> lstm = LSTM(3, 8, batch_first=True, peephole=True)
    >>> output, (h, c) = lstm(torch.zeros(2, 5, 3), lengths=[5, 2])
    >>> output.shape, h.shape
    (torch.Size([2, 5, 8]), torch.Size([1, 2, 8]))
    """

    generator: torch.Generator | None = None
    """What dropout and zoneout are drawn from in training, of the CPU; None: PyTorch's default generator."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        input_dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
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
        check_integer("num_layers", num_layers, minimum=1)
        check_flag("batch_first", batch_first)
        check_flag("bidirectional", bidirectional)
        check_number("dropout", dropout, minimum=0.0, maximum=1.0)
        if dropout and num_layers == 1:
            # in PyTorch's words, so that filters written for them go on working
            warnings.warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects "
                f"num_layers greater than 1, but got dropout={dropout} and num_layers={num_layers}",
                stacklevel=2,
            )
        first = LSTMOptions(
            input_size=input_size,
            hidden_size=hidden_size,
            proj_size=proj_size,
            bias=bias,
            peephole=peephole,
            coupled_gates=coupled_gates,
            layer_norm=layer_norm,
            input_dropout=input_dropout,
            recurrent_dropout=recurrent_dropout,
            zoneout_h=zoneout_h,
            zoneout_c=zoneout_c,
            precision=precision,
        )
        check_start(initialisation, forget_bias, bias)
        self.num_layers = num_layers
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.initialisation = initialisation
        self.forget_bias = forget_bias
        self.engine = engine
        above = replace(first, input_size=first.output_size * self.num_directions)
        self.layer_options = (first, *[above] * (num_layers - 1))
        self._reverse = (False, True)[: self.num_directions]
        self._suffixes = tuple(
            tuple(f"_l{layer}_reverse" if reverse else f"_l{layer}" for reverse in self._reverse)
            for layer in range(num_layers)
        )
        names = []
        for options, suffixes in zip(self.layer_options, self._suffixes, strict=True):
            for suffix in suffixes:
                parameters.register(self, options, suffix, device, dtype)
            names.append(tuple(parameters.names(options, suffix) for suffix in suffixes))
        self._names = tuple(names)
        self._prepared = PreparedStack(self.layer_options, self.num_directions)
        self.explain(training=True)
        self.reset_parameters()

    @property
    def num_directions(self) -> int:
        """2 if bidirectional, else 1."""
        return 2 if self.bidirectional else 1

    @property
    def input_size(self) -> int:
        """I, the number of input features a step."""
        return self.layer_options[0].input_size

    @property
    def hidden_size(self) -> int:
        """H, the number of cells of a layer and direction."""
        return self.layer_options[0].hidden_size

    @property
    def proj_size(self) -> int:
        """P, the size of the projection of h; 0 without."""
        return self.layer_options[0].proj_size

    @property
    def bias(self) -> bool:
        """Whether there are biases."""
        return self.layer_options[0].bias

    @property
    def all_weights(self) -> list[list[Tensor]]:
        """The parameters of each layer and direction, the forward one first, as ``torch.nn.LSTM`` lists them."""
        return [
            [getattr(self, name) for _, name in of_direction] for of_layer in self._names for of_direction in of_layer
        ]

    def reset_parameters(self) -> None:
        """Draw the parameters anew, from PyTorch's default generator."""
        for options, weights in zip(self.layer_options, self._weights(), strict=True):
            for of_direction in weights:
                initialise(of_direction, options, self.initialisation, self.forget_bias)

    def flatten_parameters(self) -> None:
        """Do nothing; there for code written for ``torch.nn.LSTM``."""

    @overload
    def forward(
        self,
        input: Tensor,
        hx: States | None = None,
        lengths: LengthsLike | None = None,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, States]: ...

    @overload
    def forward(
        self,
        input: PackedSequence,
        hx: States | None = None,
        lengths: None = None,
        mask: None = None,
    ) -> tuple[PackedSequence, States]: ...

    def forward(
        self,
        input: Tensor | PackedSequence,
        hx: States | None = None,
        lengths: LengthsLike | None = None,
        mask: Tensor | None = None,
    ) -> tuple[Tensor | PackedSequence, States]:
        """Run the stack over sequences.

        Parameters
        ----------
        input : (T, B, I), with ``batch_first`` (B, T, I); unbatched (T, I); or a PackedSequence
        hx : (h_0, c_0), optional
            (L * D, B, P) and (L * D, B, H), unbatched without B; zero by default. D is the number of directions, P is H
            without a projection.
        lengths : (B,) whole numbers in 0..T, optional
            How many steps of each row count; a tensor on any device, an array or a list.
        mask : (B, T) bool, optional
            Which steps count, any pattern; batch first always. Not together with ``lengths``.

        Returns
        -------
        output : shape of ``input`` with D * P features; 0 at steps that do not count
        (h_n, c_n) : the states after each row's last valid step (in the reverse direction: its first)

        Raises
        ------
        InputError
            Where shapes, numbers or lengths do not fit.
        """
        if isinstance(input, PackedSequence):
            if lengths is not None or mask is not None:
                raise InputError("A PackedSequence has its own lengths: leave out lengths and mask.")
            return self._forward_packed(input, hx)
        x, lengths, mask, hx = self._batched(input, hx, lengths, mask)
        output, states = self._run(x, hx, lengths, mask)
        if input.dim() == 2:
            return output[0], (states[0][:, 0], states[1][:, 0])
        return output if self.batch_first else output.transpose(0, 1), states

    @torch.compiler.assume_constant_result  # type: ignore[untyped-decorator]
    def explain(self, *, training: bool | None = None, steps: Steps = "dense") -> EngineChoice:
        """Say which engine runs, and why the others do not.

        Where the C++ core runs, the reference stands in for it inside transforms of ``torch.func``, for forward-mode
        and second derivatives and for subclasses of tensors, and PyTorch's LSTM in an export to ONNX.

        Parameters
        ----------
        training : bool, optional
            For training or for evaluation; by default the mode that the module is in.
        steps : "dense", "lengths" or "mask"
            For which kind of rows.

        Returns
        -------
        EngineChoice
            Its ``name`` is the engine; printed, it gives one line an engine.
        """
        weight = parameters.first(self, "_l0")
        return choose_engine(
            self.layer_options[0],
            weight.device,
            weight.dtype,
            self.training if training is None else training,
            steps=steps,
            engine=self.engine,
        )

    @torch.no_grad()
    def trace(
        self,
        input: Tensor,
        hx: States | None = None,
        *,
        lengths: LengthsLike | None = None,
        mask: Tensor | None = None,
    ) -> tuple[LayerTrace, ...]:
        """Return the gates and states of every step, in evaluation (no dropout), computed by the reference engine.

        Arguments as in ``forward``. The tensors are (B, T, H), time first unless ``batch_first``; unbatched (T, H).

        Returns
        -------
        tuple of LayerTrace
            One a layer and direction, in the order of the states.

        Raises
        ------
        InputError
            As in ``forward``, and where there is no step or the input is a PackedSequence.
        """
        if isinstance(input, PackedSequence):
            raise InputError(
                "trace takes no PackedSequence: give what pad_packed_sequence makes of it, and its lengths."
            )
        x, lengths, mask, hx = self._batched(input, hx, lengths, mask)
        if not x.shape[1]:
            raise InputError(f"A trace needs at least one step, got an input of shape {tuple(input.shape)}.")
        hx = self._zero_states(x) if hx is None else hx
        if lengths is not None:
            mask = reference.valid_steps(x, lengths)
        directions = self.num_directions
        layers = [
            (
                options,
                [
                    (layer * directions + index, reverse, of_direction)
                    for index, (reverse, of_direction) in enumerate(zip(self._reverse, weights, strict=True))
                ],
            )
            for layer, (options, weights) in enumerate(zip(self.layer_options, self._weights(), strict=True))
        ]
        return tuple(
            LayerTrace(layer, reverse, *(self._as_given(value, input) for value in values))
            for layer, reverse, values in trace_stack(x, hx, layers, mask)
        )

    @classmethod
    def from_torch(cls, module: nn.LSTM, **extras: Any) -> Self:
        """Build an LSTM with the weights of a ``torch.nn.LSTM``.

        Parameters
        ----------
        module : torch.nn.LSTM
        extras
            ``input_dropout``, ``recurrent_dropout``, ``zoneout_h``, ``zoneout_c``, ``precision`` or ``engine``; the
            other options change the parameters or how they start.

        Raises
        ------
        InputTypeError
            Where ``module`` is no ``torch.nn.LSTM``.
        OptionError
            Where another option is given.
        """
        allowed = ("input_dropout", "recurrent_dropout", "zoneout_h", "zoneout_c", "precision", "engine")
        check_conversion(module, nn.LSTM, extras, allowed)
        lstm = cls(**torch_arguments(module), **extras)
        lstm.load_state_dict(module.state_dict())
        return lstm.train(module.training)

    def to_torch(self) -> nn.LSTM:
        """Build the ``torch.nn.LSTM`` that computes the same; its second bias is 0.

        Raises
        ------
        OptionError
            Where an option is used that ``torch.nn.LSTM`` does not have.
        """
        check_torch_has(self.layer_options[0], nn.LSTM)
        module = nn.LSTM(**torch_arguments(self))
        state = self.state_dict()
        for suffix in chain(*self._suffixes):
            parameters.split_bias(state, suffix)
        module.load_state_dict(state)
        return module.train(self.training)

    def __prepare_scriptable__(self) -> Never:
        """Refuse ``torch.jit.script``, which would put what is returned here into the model that it is given."""
        raise not_scriptable()

    def extra_repr(self) -> str:
        """Return the arguments that differ from their defaults."""
        text = f"{self.input_size}, {self.hidden_size}"
        shown: dict[str, tuple[object, object]] = {
            "num_layers": (self.num_layers, 1),
            "batch_first": (self.batch_first, False),
            "dropout": (self.dropout, 0.0),
            "bidirectional": (self.bidirectional, False),
        }
        defaults = LSTMOptions(input_size=self.input_size, hidden_size=self.hidden_size)
        for name, default in vars(defaults).items():
            shown[name] = (getattr(self.layer_options[0], name), default)
        shown["engine"] = (self.engine, "auto")
        return text + "".join(f", {name}={value!r}" for name, (value, default) in shown.items() if value != default)

    def _weights(self) -> list[list[LayerWeights]]:
        """Return the parameters of each layer and direction."""
        return [[parameters.collect(self, names) for names in of_layer] for of_layer in self._names]

    def _batched(
        self, given: Tensor, hx: States | None, lengths: LengthsLike | None, mask: Tensor | None
    ) -> tuple[Tensor, Tensor | None, Tensor | None, States | None]:
        """Check the arguments of ``forward`` and bring them to (B, T, I); states that are not given stay so."""
        if hx is not None and lengths is None and mask is None and self._need_no_check(given, hx):
            return given if self.batch_first else given.transpose(0, 1), None, None, hx
        check_tensor("The input", given)
        if given.dim() not in (2, 3):
            raise TensorError(f"The input must have 3 dimensions, or 2 if unbatched, got shape {tuple(given.shape)}.")
        if given.shape[-1] != self.input_size:
            raise TensorError(
                f"The input must have {self.input_size} features (input_size) in its last dimension, "
                f"got shape {tuple(given.shape)}."
            )
        check_numbers(given, parameters.first(self, "_l0"))
        reference.check_not_both(lengths, mask)
        unbatched = given.dim() == 2
        if unbatched:
            x = given.unsqueeze(0)
            lengths = None if lengths is None else as_lengths(lengths).reshape(-1)
            mask = mask.reshape(1, -1) if isinstance(mask, Tensor) else mask
        else:
            x = given if self.batch_first else given.transpose(0, 1)
        rows, steps = x.shape[:2]
        lengths = None if lengths is None else check_lengths(lengths, rows, steps)
        mask = None if mask is None else check_mask(mask, rows, steps).to(x.device)
        return x, lengths, mask, None if hx is None else self._initial_states(x, hx, unbatched)

    def _need_no_check(self, given: Tensor, hx: Any) -> bool:
        """Return whether these are a batch and a pair of states as they should be: no check would say anything."""
        if not isinstance(hx, tuple | list) or len(hx) != 2:
            return False
        if not are_plain((given, *hx), parameters.first(self, "_l0")) or given.dim() != 3:
            return False
        first, shape = self.layer_options[0], given.shape
        rows, layers = shape[not self.batch_first], self.num_layers * self.num_directions
        return (
            shape[2] == first.input_size
            and hx[0].shape == (layers, rows, first.output_size)
            and hx[1].shape == (layers, rows, first.hidden_size)
        )

    def _zero_states(self, x: Tensor) -> States:
        weight = parameters.first(self, "_l0")
        sizes = (self.layer_options[0].output_size, self.hidden_size)
        layers = self.num_layers * self.num_directions
        h, c = (torch.zeros(layers, x.shape[0], size, device=x.device, dtype=weight.dtype) for size in sizes)
        return h, c

    def _initial_states(self, x: Tensor, hx: States, unbatched: bool) -> States:
        check_pair(hx)
        layers, rows = self.num_layers * self.num_directions, x.shape[0]
        dtype = parameters.first(self, "_l0").dtype
        h, c = hx
        for name, state, size in (("h_0", h, self.layer_options[0].output_size), ("c_0", c, self.hidden_size)):
            check_state(name, state, (layers, size) if unbatched else (layers, rows, size), x)
        if unbatched:
            h, c = h.unsqueeze(1), c.unsqueeze(1)
        return h if h.dtype == dtype else h.to(dtype), c if c.dtype == dtype else c.to(dtype)

    def _run(self, x: Tensor, hx: States | None, lengths: Tensor | None, mask: Tensor | None) -> tuple[Tensor, States]:
        steps: Steps = "mask" if mask is not None else "lengths" if lengths is not None else "dense"
        choice = self.explain(steps=steps)
        if not is_autocast_enabled(x.device.type):
            return self._run_layers(choice, x, hx, lengths, mask)

        def run(x: Tensor) -> tuple[Tensor, States]:
            return self._run_layers(choice, x, hx, lengths, mask)

        return run_under_autocast(run, choice.name, x, parameters.first(self, "_l0").dtype)

    def _run_layers(
        self, choice: EngineChoice, x: Tensor, hx: States | None, lengths: Tensor | None, mask: Tensor | None
    ) -> tuple[Tensor, States]:
        if choice.name == "native" and not (self.training or torch.is_grad_enabled()):
            of_directions = list(chain(*self._weights()))
            if detour((x, *(hx or ()), lengths, mask), of_directions) is None:
                return self._prepared.run(x, hx, of_directions, lengths, mask)
        directions = self.num_directions
        seed = new_seed(self.generator) if self.training and self.layer_options[0].draws else None
        run = layer_runner(choice.name)
        finals: list[States] = []
        for layer, weights in enumerate(self._weights()):
            stream = layer * directions
            h, c = (None, None) if hx is None else (states[stream : stream + directions] for states in hx)
            x, h_n, c_n = run(
                *(x, h, c),
                weights,
                self.layer_options[layer],
                lengths=lengths,
                mask=mask,
                reverse=self._reverse,
                training=self.training,
                seed=seed,
                stream=stream,
            )
            finals.append((h_n, c_n))
            if self.dropout and layer + 1 < self.num_layers:
                x = dropout(x, self.dropout, self.training, self.generator)
        if len(finals) == 1:
            return x, finals[0]
        h_n, c_n = (torch.cat(states) for states in zip(*finals, strict=True))
        return x, (h_n, c_n)

    def _forward_packed(self, packed: PackedSequence, hx: States | None) -> tuple[PackedSequence, States]:
        x, lengths = pad_packed_sequence(packed, batch_first=True)
        x, steps, _, states = self._batched(x if self.batch_first else x.transpose(0, 1), hx, lengths, None)
        output, states = self._run(x, states, steps, None)
        if packed.sorted_indices is not None:
            output, lengths = output[packed.sorted_indices], lengths[packed.sorted_indices.cpu()]
        data = pack_padded_sequence(output, lengths, batch_first=True).data
        return PackedSequence(data, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices), states

    def _as_given(self, value: Tensor, given: Tensor) -> Tensor:
        if given.dim() == 2:
            return value[0]
        return value if self.batch_first else value.transpose(0, 1)

    def _load_from_state_dict(self, state_dict: MutableMapping[str, Tensor], prefix: str, *args: Any) -> None:
        for suffix in chain(*self._suffixes):
            parameters.join_torch_biases(state_dict, prefix, suffix)
        super()._load_from_state_dict(state_dict, prefix, *args)
