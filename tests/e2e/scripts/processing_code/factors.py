"""What ``process.py`` imports."""

TEN = 10
