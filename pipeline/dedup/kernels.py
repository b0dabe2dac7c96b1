"""What all compiled inner loops share: how they are compiled, and how they hash.

Each runs without the interpreter's lock, so that threads share the work. A shingle is known to them by 64 bits of a
hash. The chance that any two of 100 million different shingles are confused is about 1 in 4,000, and a confusion moves
one similarity by one shingle.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[Any]
F = TypeVar("F", bound=Callable[..., Any])

SEED = np.uint64(0xA0761D6478BD642F)
_M1 = np.uint64(0x9E3779B97F4A7C15)
_M2 = np.uint64(0xD6E8FEB86659FD93)
_S32 = np.uint64(32)
_S29 = np.uint64(29)


def compiled(function: F) -> F:
    """Compile at the first call, without the interpreter's lock, and keep the machine code for the next process."""
    try:
        return cast("F", njit(nogil=True, cache=True)(function))
    except RuntimeError:  # no folder that it may write to: compile anew in each process
        return cast("F", njit(nogil=True)(function))


@compiled
def mix(h: Any, value: Any) -> Any:
    """One step of a 64-bit hash: invertible in h for any value, and in value for any h."""
    h = (h ^ value) * _M1
    return h ^ (h >> _S32)


@compiled
def finish(h: Any) -> Any:
    h = h * _M2
    h = h ^ (h >> _S29)
    h = h * _M1
    return h ^ (h >> _S32)
