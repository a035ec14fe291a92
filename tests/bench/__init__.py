"""The project's figures: ``python -m tests.bench`` measures, compares with peers in the same run, and reports."""
