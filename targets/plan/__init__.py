"""The plan's tasks: the registers that feed them, their progress, and where each stands."""
