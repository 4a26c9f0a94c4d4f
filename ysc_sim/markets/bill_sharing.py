"""Bill sharing: consumers share what the community imports, producers share what it exports, nothing else is paid.

Energy that stays inside is free. Budget balanced; individual rationality is *not* promised: while the community is
short, who supplies it earns nothing. :func:`ysc_sim.markets.fairness_report` says who loses.

Source: C. Long, J. Wu, C. Zhang, L. Thomas, M. Cheng, N. Jenkins, Peer-to-peer energy trading in a community
microgrid, IEEE Power & Energy Society General Meeting 2017; Y. Zhou, J. Wu, C. Long, Evaluation of peer-to-peer energy
sharing mechanisms based on a multiagent simulation framework, Applied Energy 222 (2018) 993–1022.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from ysc_sim.contracts import Bids, Cleared
from ysc_sim.markets.clearing import Clearing
from ysc_sim.markets.community_rate import clear_periods, clear_whole
from ysc_sim.units import Floats


def bill_sharing(net_kwh: ArrayLike, *, buy_jpy_per_kwh: ArrayLike, sell_jpy_per_kwh: ArrayLike) -> Clearing:
    """Share periods, net (…, n) kWh > 0 surplus, supplier's prices scalar or (…,): the common bill by energy.

    Prices are per kWh of everything that a member buys or sells: NaN where nothing changes hands inside.

    Raises ``ValueError`` for numbers that are not finite.

    >>> short = bill_sharing([1.0, -1.0, -2.0], buy_jpy_per_kwh=30, sell_jpy_per_kwh=10)
    >>> [round(jpy, 9) for jpy in short.payment_jpy.tolist()], float(short.grid_payment_jpy)
    ([0.0, 20.0, 40.0], 60.0)
    """
    return clear_periods(net_kwh, buy_jpy_per_kwh, sell_jpy_per_kwh, _free, ordered=False)


@dataclass(frozen=True, kw_only=True)
class BillSharingSpec:
    """Nothing to set."""


class BillSharing:
    """Inside trade for nothing; what the supplier charges and pays is shared by energy."""

    kind: ClassVar[str] = "bill_sharing"
    Spec: ClassVar[type] = BillSharingSpec
    trades: ClassVar[bool] = True

    def __init__(self, spec: BillSharingSpec) -> None:
        self.spec = spec

    def clear(self, bids: Bids) -> Cleared:
        """One inside price per row, everybody served in proportion."""
        return clear_whole(bids, _free)


def _free(demand: Floats, supply: Floats, buy: Floats, sell: Floats) -> Floats:
    return np.zeros(demand.shape)
