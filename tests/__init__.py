"""Tests; their folders mirror the package's."""
