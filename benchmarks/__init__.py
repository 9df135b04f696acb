"""Benchmarks: one module for each claim, each prints a ratio against its peer.

``python -m benchmarks.api`` runs one; what they measured last is in ``benchmarks/README.md``.
"""
