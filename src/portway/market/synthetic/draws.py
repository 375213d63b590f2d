"""Random numbers by address: the number at (key, index) is the same whoever asks, in any order.

A counter-based generator (the SplitMix64 finaliser over key + index * odd constant). It keeps no
state, so any minute of any day can be drawn first, and it uses only integer arithmetic and the
operations + - * / that IEEE 754 fixes to the bit, so a world is the same on every machine: no
`exp`, `log` or summation whose last digit depends on the processor. It knows nothing of markets.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = [
    "Floats",
    "Ints",
    "Words",
    "exp",
    "fraction",
    "key_of",
    "normals",
    "split",
    "sub_key",
    "sum_in_order",
    "uniforms",
    "word",
    "words",
]

Words = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_MASK: Final = (1 << 64) - 1
_GOLDEN: Final = 0x9E3779B97F4A7C15
_MIX_1: Final = 0xBF58476D1CE4E5B9
_MIX_2: Final = 0x94D049BB133111EB
_ROOT_3: Final = 1.7320508075688772  # Four uniforms add up to variance 1/3.
_EXP_HALVINGS: Final = 8
_EXP_TERMS: Final = 9


def key_of(*parts: str | int) -> int:
    """Return the 64-bit key of a named stream of numbers."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def word(key: int, index: int) -> int:
    """Return the 64-bit word at one index; equal to `words` there."""
    z = (key + (index + 1) * _GOLDEN) & _MASK
    z = ((z ^ (z >> 30)) * _MIX_1) & _MASK
    z = ((z ^ (z >> 27)) * _MIX_2) & _MASK
    return z ^ (z >> 31)


sub_key = word  # The word at an index is as good a key for a stream below it.


def words(key: int, index: Ints | Words) -> Words:
    """Return the 64-bit words at an array of indexes (any shape)."""
    # In place: whole histories are drawn at once, and new arrays would cost more than the sums.
    z = np.array(index, dtype=np.uint64)
    shifted = np.empty_like(z)
    z += np.uint64(1)
    z *= np.uint64(_GOLDEN)
    z += np.uint64(key)
    z ^= np.right_shift(z, np.uint64(30), out=shifted)
    z *= np.uint64(_MIX_1)
    z ^= np.right_shift(z, np.uint64(27), out=shifted)
    z *= np.uint64(_MIX_2)
    z ^= np.right_shift(z, np.uint64(31), out=shifted)
    return z


def fraction(drawn: int) -> float:
    """Turn one word into a number in [0, 1)."""
    return float(drawn >> 11) / float(1 << 53)


def uniforms(drawn: Words) -> Floats:
    """Turn words into numbers in [0, 1)."""
    return (drawn >> np.uint64(11)).astype(np.float64) / float(1 << 53)


def normals(drawn: Words) -> Floats:
    """Turn words into nearly normal numbers: mean 0, variance 1, never beyond 3.47."""
    # The sum of a word's four quarters, whatever order the machine keeps them in.
    quarters = np.ascontiguousarray(drawn).view(np.uint16).reshape(*drawn.shape, 4)
    scaled: Floats = quarters[..., 0].astype(np.float64)
    for place in (1, 2, 3):
        scaled += quarters[..., place]
    scaled += 2.0
    scaled /= 65536.0
    scaled -= 2.0
    scaled *= _ROOT_3
    return scaled


def exp(x: Floats) -> Floats:
    """Return e to the power `x`, |x| up to 20: to 12 digits, and to the same bit everywhere."""
    r = x / float(1 << _EXP_HALVINGS)
    y = np.ones_like(r)
    for divisor in range(_EXP_TERMS, 0, -1):
        y *= r
        y /= float(divisor)
        y += 1.0
    for _ in range(_EXP_HALVINGS):
        y *= y
    return y


def split(total: int, weights: Floats) -> Ints:
    """Split `total` into whole numbers in proportion to `weights`, whose sum is above zero.

    Shares are rounded along the running sum, so they add up exactly and none is negative.
    """
    running = np.cumsum(weights)
    edges = np.floor(running * (total / running[-1])).astype(np.int64)
    np.minimum(edges, total, out=edges)
    edges[-1] = total
    shares: Ints = np.diff(edges, prepend=np.int64(0))
    return shares


def sum_in_order(values: list[float]) -> float:
    """Add floats one by one: `sum` compensates rounding from Python 3.12 on, and not before."""
    total = 0.0
    for value in values:
        total += value
    return total
