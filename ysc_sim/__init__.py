"""ysc-sim: a simulator of buildings that share energy, tied to the grid or islanded."""
