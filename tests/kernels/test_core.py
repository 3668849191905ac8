"""The C++ core as it is loaded."""

import os
import subprocess
import sys

import pytest

from gatecell.kernels import core

absent = core.missing()
pytestmark = pytest.mark.skipif(absent is not None, reason=f"the native engine is not here: {absent}")


def run_with(isa: str) -> subprocess.CompletedProcess[str]:
    """Ask a process in which GATECELL_ISA is set which instruction set runs."""
    program = "from gatecell.kernels import core; print(core.isa())"
    environment = {**os.environ, "GATECELL_ISA": isa}
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=environment)


def test_the_instruction_set_may_be_forced() -> None:
    assert run_with("baseline").stdout == "baseline\n"
    assert run_with("").stdout.strip() in core.INSTRUCTION_SETS


@pytest.mark.parametrize("isa", ["avx51", "AVX2", "neon"])
def test_an_instruction_set_that_does_not_run_is_refused(isa: str) -> None:
    refused = run_with(isa)
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].endswith(
        f"GATECELL_ISA is {isa!r}, which does not run here. It may be avx512_bf16, avx512, avx2, baseline, as far as "
        "the processor has them: set it to one of these, or unset it for the widest."
    )
