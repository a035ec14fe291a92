"""What holds for every test: no invented example may fail because the machine was busy."""

from hypothesis import settings

settings.register_profile("suite", deadline=None)
settings.load_profile("suite")
