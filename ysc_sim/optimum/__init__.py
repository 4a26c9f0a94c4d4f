"""The cheapest dispatch of stores and switchable loads under Japanese tariffs, as a linear program. Usable alone.

>>> import numpy as np
>>> square = np.array([[0.0], [0.0], [0.0], [-10.0]])             # 10 kW in the last of four hours
>>> problem = Dispatch(hours=1.0, fixed_kw=square, meter=np.array([0]), month=np.zeros(4, dtype=np.int64),
...     buy_jpy_per_kwh=np.full((4, 1), 20.0), sell_jpy_per_kwh=np.zeros((4, 1)), demand_jpy_per_kw=np.array([2000.0]),
...     paid_kw=np.zeros((1, 1)), stores=Stores.one(room_kwh=10.0, power_kw=10.0))
>>> round(float(solve(problem).contract_kw[0, 0]), 6)              # four hours share 10 kWh
2.5
"""

from ysc_sim.optimum.blocking import Blocking, worst_blocking_coalition
from ysc_sim.optimum.dispatch import Dispatch, Plan, Stores, solve

__all__ = ["Blocking", "Dispatch", "Plan", "Stores", "solve", "worst_blocking_coalition"]
