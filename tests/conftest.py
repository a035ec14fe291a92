"""Fixtures that every folder of tests shares. A folder's own fixtures live in its own conftest.py."""
