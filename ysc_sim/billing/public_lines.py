"""Energy at the two ends of a trade over public lines, in whole milliwatt-hours.

Source: losses of the wires in 託送供給等約款: generation end = metered demand / (1 − loss rate).
"""

from __future__ import annotations

import numpy as np

from ysc_sim.units import Ints

LOSS_UNIT = 1_000_000
"""Loss rates are counted in millionths."""


def kept_part(loss_rate: float) -> int:
    """Millionths that arrive. Raises ``ValueError`` for a loss rate outside [0, 1).

    >>> kept_part(0.069)
    931000
    """
    if not 0 <= loss_rate < 1:
        raise ValueError(f"loss_rate(={loss_rate}) must be at least 0 and below 1.")
    return LOSS_UNIT - round(loss_rate * LOSS_UNIT)


def arriving(sent_mwh: Ints, kept: int) -> Ints:
    """What arrives of ``sent_mwh`` (…), rounded down.

    >>> arriving(np.array([1_000_001]), 950_000).tolist()
    [950000]
    """
    return np.asarray(sent_mwh // LOSS_UNIT * kept + sent_mwh % LOSS_UNIT * kept // LOSS_UNIT)


def sent_for(arriving_mwh: Ints, kept: int) -> Ints:
    """What must be sent for ``arriving_mwh`` (…), rounded up.

    >>> sent_for(np.array([950_000, 950_001]), 950_000).tolist()
    [1000000, 1000002]
    """
    return np.asarray(arriving_mwh // kept * LOSS_UNIT - (-(arriving_mwh % kept) * LOSS_UNIT // kept))


def both_ends(offered_mwh: Ints, wanted_mwh: Ints, loss_rate: float) -> tuple[Ints, Ints]:
    """Energy that changes hands of ``offered_mwh`` and ``wanted_mwh`` (…): at the buyers' meters, at the sellers'.

    >>> [int(end) for end in both_ends(np.array(1_000_000), np.array(2_000_000), 0.05)]
    [950000, 1000000]
    """
    kept = kept_part(loss_rate)
    bought = np.minimum(wanted_mwh, arriving(offered_mwh, kept))
    return bought, np.minimum(sent_for(bought, kept), offered_mwh)
