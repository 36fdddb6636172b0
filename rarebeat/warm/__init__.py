"""Agents that start a run where the imports are already done."""

# Exit code of an agent that asks for no further run because its runs failed.
GAVE_UP = 3
