"""Alembic migrations of the database, one for each change of the schema; see :mod:`..schema`."""
