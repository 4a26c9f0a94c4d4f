"""``python -m ysc_sim`` is ``ysc``."""

from __future__ import annotations

from ysc_sim.cli import main

if __name__ == "__main__":
    main()
