"""What operators see: which request something belongs to, logs, counts, the audit log.

It lies below the store, so that every room can say what it does. Nothing is imported here: the
supervisors of jobs load :mod:`context` and :mod:`lines` alone, on the standard library.
"""
