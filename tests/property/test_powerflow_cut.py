"""Cutting a tree into blocks for the sweep."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ysc_sim.powerflow.sweep import cut


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=120), st.integers(1, 30))
def test_blocks_partition_the_tree_and_hang_on_one_node(shares, size):
    parent = np.array([int(share * (k + 1)) - 1 for k, share in enumerate(shares)])
    blocks = cut(parent, size)
    assert sorted(node for nodes, _ in blocks for node in nodes) == list(range(len(parent)))
    seen: set[int] = set()
    for nodes, above in blocks:
        assert len(nodes) <= size
        assert nodes == sorted(nodes)
        assert all(parent[node] in nodes or parent[node] == above for node in nodes)
        assert above not in seen  # a block comes before the one it hangs on
        seen.update(nodes)
