"""PyTorch's own inputs for the tests of its LSTM and LSTMCell, and its wrong inputs, given to ours."""

import sys
import unittest
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import nn

from gatecell.nn.cell import LSTMCell
from gatecell.nn.lstm import LSTM
from tests.nn.pairs import assert_equal, scalar, tensors

OURS: dict[type[nn.Module], Any] = {nn.LSTM: LSTM, nn.LSTMCell: LSTMCell}


@pytest.fixture(scope="module")
def records() -> Iterator[dict[type[nn.Module], Any]]:
    """PyTorch's records of how it tests these modules; they are not part of what it promises."""
    with pytest.MonkeyPatch.context() as patch:
        stand_in = ModuleType("expecttest")
        # a package that PyTorch's tests need for something else
        stand_in.TestCase = unittest.TestCase  # type: ignore[attr-defined]
        if "expecttest" not in sys.modules:
            patch.setitem(sys.modules, "expecttest", stand_in)
        try:
            found = import_module("torch.testing._internal.common_modules").module_db
        except (ImportError, AttributeError) as error:
            pytest.skip(f"this PyTorch does not ship its records of tests as 2.13 does: {error}")
        # importing them forbids everyone to set flags of torch.backends
        torch.backends.__allow_nonbracketed_mutation_flag = True
        yield {info.module_cls: info for info in found if info.module_cls in OURS}


def pairs(info: Any, training: bool, requires_grad: bool = False) -> Iterator[tuple[Any, nn.Module, nn.Module]]:
    """Yield each input with ours and PyTorch's module, which have the same weights."""
    inputs = info.module_inputs_func(
        info, device="cpu", dtype=torch.float64, requires_grad=requires_grad, training=training
    )
    assert len(inputs) >= 2
    for given in inputs:
        arguments, keywords = given.constructor_input.args, given.constructor_input.kwargs
        theirs = info.module_cls(*arguments, **keywords, device="cpu", dtype=torch.float64).train(training)
        ours = OURS[info.module_cls](*arguments, **keywords, device="cpu", dtype=torch.float64).train(training)
        ours.load_state_dict(theirs.state_dict())
        yield given, ours, theirs


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("kind", OURS)
def test_its_inputs_give_its_results(records: Any, kind: type[nn.Module], training: bool) -> None:
    for given, ours, theirs in pairs(records[kind], training):
        x, keywords = given.forward_input.args, given.forward_input.kwargs
        found = ours(*x, **keywords)
        assert_equal(found, theirs(*x, **keywords))
        assert_equal(found, given.reference_fn(ours, *x, **keywords))
        with torch.no_grad():
            assert_equal(ours(*x, **keywords), theirs(*x, **keywords))


@pytest.mark.parametrize("kind", OURS)
def test_its_inputs_give_its_gradients(records: Any, kind: type[nn.Module]) -> None:
    for given, ours, theirs in pairs(records[kind], training=True, requires_grad=True):
        x = given.forward_input.args
        leaves = tensors(x)
        found, expected = (torch.autograd.grad(scalar(module(*x)), leaves) for module in (ours, theirs))
        assert_equal(found, expected)
        for module in (ours, theirs):
            scalar(module(*x)).backward(inputs=list(module.parameters()))
        for name, parameter in ours.named_parameters():
            assert_equal(parameter.grad, theirs.get_parameter(name.replace("bias", "bias_ih")).grad)


@pytest.mark.parametrize("kind", OURS)
def test_its_inputs_need_not_be_contiguous(records: Any, kind: type[nn.Module]) -> None:
    for given, ours, theirs in pairs(records[kind], training=False):
        x = torch.utils._pytree.tree_map_only(
            torch.Tensor, lambda value: torch.stack([value, value], dim=-1)[..., 0], given.forward_input.args
        )
        assert not tensors(x)[0].is_contiguous()
        assert_equal(ours(*x), theirs(*x))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("kind", OURS)
def test_its_wrong_inputs_raise_its_kinds_of_errors(records: Any, kind: type[nn.Module], training: bool) -> None:
    info = records[kind]
    wrong = info.module_error_inputs_func(
        info, device="cpu", dtype=torch.float32, requires_grad=False, training=training
    )
    assert len(wrong) >= 4
    for case in wrong:
        constructor, call = case.module_error_input.constructor_input, case.module_error_input.forward_input
        if case.error_on.name == "CONSTRUCTION_ERROR":
            with pytest.raises(case.error_type):
                OURS[kind](*constructor.args, **constructor.kwargs)
            continue
        # PyTorch makes them in single precision here, but for the one that is about precision
        module = OURS[kind](*constructor.args, **constructor.kwargs).train(training)
        assert module(torch.zeros(3, module.input_size, dtype=torch.float32))
        with pytest.raises(case.error_type):
            module(*call.args, **call.kwargs)
