"""The C++ core, loaded with ctypes: structures as ``csrc/gatecell.h`` has them, and its functions."""

import ctypes
import os
import struct
from ctypes import POINTER, Structure, byref, c_char_p, c_double, c_int32, c_int64, c_uint64, c_void_p
from functools import cache
from importlib.resources import files

import torch

from gatecell._core.errors import EngineError
from gatecell._core.forks import in_child
from gatecell._core.installing import install_again

_VERSION = 4
# beside this file in a wheel; an editable install keeps it among the installed packages
_LIBRARY = files("gatecell.kernels").joinpath("libgatecell.so")
INSTRUCTION_SETS = ("avx512_bf16", "avx512", "avx2", "baseline")
"""The widest first; ``GATECELL_ISA`` in the environment forces a lesser one than the processor has."""
FLOAT32, FLOAT64, BFLOAT16 = 0, 1, 2
STALE = 4
"""The status of a forward pass whose packed weights are not those that were given with them."""
_MESSAGES = {
    1: "it ran out of memory",
    2: "it was given a kind of number that it does not know",
    3: "the saved values do not fit lengths and mask",
    5: "it was given both lengths and a mask",
}


class Problem(Structure):
    """``gatecell_problem``."""

    _fields_ = (
        *((name, c_int64) for name in ("rows", "steps", "input_size", "hidden_size", "output_size")),
        *(
            (name, c_int32)
            for name in (
                "dtype",
                "peephole",
                "coupled_gates",
                "layer_norm",
                "projection",
                "reverse",
                "training",
            )
        ),
        *((name, c_double) for name in ("input_dropout", "recurrent_dropout", "zoneout_h", "zoneout_c")),
        ("seed", c_uint64),
        ("stream", c_int64),
        *((name, c_void_p) for name in ("lengths", "mask", "input_mask", "recurrent_mask")),
        ("threads", c_int64),
        ("parallel_for", c_void_p),
    )


pack_weights = struct.Struct("=8q").pack
"""The bytes of a ``gatecell_weights``: the addresses of the fields of ``LayerWeights``, 0 for none."""

pack_run = struct.Struct("=12q").pack
"""The bytes of a ``gatecell_run``: ``x`` (address, row stride, step stride), ``h``, ``c``, ``output`` (likewise),
``h_n``, ``c_n``, ``saved`` and its size. Several times as fast as building a structure field by field."""

pack_gradients = struct.Struct("=18q").pack
"""The bytes of a ``gatecell_gradients``: ``output`` (as ``x`` above), ``h_n``, ``c_n``, ``x``, ``h``, ``c`` and the
weights."""


@cache
def missing() -> str | None:
    """Say why the core cannot run here, as the end of a sentence; ``None`` where it can."""
    if not _LIBRARY.is_file():
        return (
            "the C++ core was not built, because there was no GCC or Clang when Gatecell was installed. Install one "
            f"(Debian: apt-get install g++), then {install_again()}"
        )
    try:
        version = _load().gatecell_version()
    except (OSError, AttributeError) as error:
        return f"{_LIBRARY} does not load: {error}"
    if version != _VERSION:
        return f"{_LIBRARY} has version {version}, but this code needs {_VERSION}. Install {install_again()}"
    return None


@cache
def library() -> ctypes.CDLL:
    """Return the loaded core with its signatures declared; ``missing()`` says whether there is one."""
    core = _load()
    # the other structures come as bytes
    problem = POINTER(Problem)
    signatures: dict[str, tuple[type, list[type]]] = {
        "gatecell_isa": (c_char_p, []),
        "gatecell_saved_bytes": (c_int64, [problem, c_int64]),
        "gatecell_packed_bytes": (c_int64, [problem]),
        "gatecell_pack": (c_int32, [problem, c_void_p, c_void_p]),
        "gatecell_forward": (c_int32, [problem, c_void_p, c_void_p, c_void_p]),
        "gatecell_backward": (c_int32, [problem, c_void_p, c_void_p, c_void_p]),
        "gatecell_peak_gflops": (c_double, [c_int32, c_void_p, c_int64, c_int64]),
        "gatecell_function": (c_int32, [c_int32, c_int32, c_void_p, c_void_p, c_int64]),
        "gatecell_poison": (None, [c_int32]),  # type: ignore[dict-item]
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(core, name)
        function.restype, function.argtypes = result, arguments
    chosen: bytes = core.gatecell_isa()
    _check_forced(chosen.decode())
    return core


def _check_forced(chosen: str) -> None:
    forced = os.environ.get("GATECELL_ISA")
    if forced and forced != chosen:
        raise EngineError(
            f"GATECELL_ISA is {forced!r}, which does not run here. It may be {', '.join(INSTRUCTION_SETS)}, as far as "
            "the processor has them: set it to one of these, or unset it for the widest."
        )


def isa() -> str:
    """Return the instruction set that runs, one of ``INSTRUCTION_SETS``."""
    name: bytes = library().gatecell_isa()
    return name.decode()


@cache
def parallel_for() -> int | None:
    """Return the address of PyTorch's ``torch_parallel_for``; ``None`` where it has none: then one thread runs."""
    try:
        # the extension module finds what is in the libraries that it depends on, whatever a system calls those
        torch_library = ctypes.CDLL(torch._C.__file__)
        return ctypes.cast(torch_library.torch_parallel_for, c_void_p).value
    except (OSError, AttributeError):
        return None


def _run_one_thread() -> None:
    """Let PyTorch, and with it the core, run one thread in a forked process.

    The threads that a process has started are not in its copy, and OpenMP waits for them for ever; PyTorch's own
    workers for data set this number too.
    """
    if torch.get_num_threads() > 1:
        torch.set_num_threads(1)


in_child(_run_one_thread)


def check(status: int) -> None:
    """Raise where the core returned an error."""
    if status:
        raise EngineError(f"The native engine could not run: {_MESSAGES.get(status, f'status {status}')}.")


def pack(problem: Problem, weights: bytes) -> torch.Tensor:
    """Return the weights as the forward pass reads them, as bytes."""
    packed = torch.empty(library().gatecell_packed_bytes(byref(problem)) + 64, dtype=torch.uint8, device="cpu")
    packed = packed[-packed.data_ptr() % 64 :]
    check(library().gatecell_pack(byref(problem), weights, packed.data_ptr()))
    return packed


def _load() -> ctypes.CDLL:
    return ctypes.CDLL(str(_LIBRARY))
