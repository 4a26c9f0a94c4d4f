"""Mirror images of random numbers: where one seed is above its mean the other is below it, under the same law.

Two such draws (antithetic variates [1]_) are each as good as any; their mean strays far less than that of two unrelated
ones.

.. [1] J. M. Hammersley, K. W. Morton, "A new Monte Carlo technique: antithetic variates", Mathematical Proceedings
   of the Cambridge Philosophical Society 52(3), 1956, 449-475.
"""

from __future__ import annotations

from math import expm1, log, sqrt
from typing import Any

import numpy as np

from ysc_sim.units import Floats


class Mirrored(np.random.Generator):
    """Normal numbers with the other sign.

    >>> plain, mirrored = (kind(np.random.PCG64(1)) for kind in (np.random.Generator, Mirrored))
    >>> bool((plain.standard_normal(3) == -mirrored.standard_normal(3)).all())
    True
    """

    def standard_normal(self, size: Any = None) -> Any:  # type: ignore[override]
        """The numbers of the unmirrored generator, negated."""
        return -super().standard_normal(size)


def mirror_image(driven: Floats, a: float) -> Floats:
    """Of the two normal sequences that ``driven`` (H, 2) makes with coefficient ``a``, the pair that is windy where
    they are calm, (H, 2).

    What drives a pair may be turned by any angle that the past decides: it is as normal and as new as before. Here it
    is reflected so that it points inwards where the other's points outwards. So the image follows the same law exactly,
    as a change of sign, which leaves ``x² + y²`` as it is, would not help.
    """
    pushes = (driven[:, 0] + 1j * driven[:, 1]).tolist()
    here = pushes[0]
    calm = abs(here) ** 2 / 2.0
    # Of an exponential number that falls short of a share of all, the one that exceeds the same share.
    there = here / abs(here) * sqrt(-2.0 * log(-expm1(-calm)))
    image = [there]
    for push in pushes[1:]:
        turn = here * there / (abs(here) * abs(there))
        here, there = a * here + push, a * there - push.conjugate() * turn
        image.append(there)
    path = np.array(image)
    return np.stack([path.real, path.imag], axis=1)
