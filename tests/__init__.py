"""Tests, one folder per app, in the order of the source: tests/<app>/test_<module>.py."""
