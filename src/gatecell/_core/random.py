"""Seeds: one integer from the user, an independent one for each use of it."""

import hashlib


def derive_seed(seed: int, *labels: str | int) -> int:
    """Derive an independent seed for one use of a user's seed.

    Parameters
    ----------
    seed : int
        The user's seed.
    labels : str or int
        What the new seed is for, such as ``("order", epoch)``. Other labels give an unrelated seed.

    Returns
    -------
    int
        In [0, 2**63), the same on every machine and in every Python.
    """
    text = "\x1f".join([str(int(seed)), *(f"{type(label).__name__}:{label}" for label in labels)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1
