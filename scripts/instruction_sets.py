"""Print the instruction sets of the C++ core that this processor has, the widest first; nothing where there is no core.

python scripts/instruction_sets.py [--narrower]

``--narrower`` prints the one below that which runs, for a second run of the tests; nothing where there is none.
"""

import sys

from gatecell.kernels import core

NARROWER = {"avx512_bf16": "avx2", "avx512": "avx2", "avx2": "baseline"}
"""What a processor without this set runs. The two with AVX-512 have the same bits but for bfloat16."""


def sets() -> list[str]:
    """Return the names that ``GATECELL_ISA`` takes here, the one that runs first."""
    if core.missing() is not None:
        return []
    found = [core.isa()]
    while found[-1] in NARROWER:
        found.append(NARROWER[found[-1]])
    return found


def main(arguments: list[str]) -> None:
    """Print as the arguments say, a name a line."""
    for name in sets()[1:2] if arguments == ["--narrower"] else sets():
        sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
