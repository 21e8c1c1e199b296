"""The paper itself: protocol, data, worlds, simulation, and a folder per chapter."""
