"""The model that is served, as each peer's documentation says one should serve it.

They run by each peer's own Python, so they share nothing but :mod:`.model`. ``MODEL`` in the
environment names the model's file, ``BATCH`` whether to batch.
"""
