"""One model served on this machine: a supervisor and its worker processes.

``python -m studio_ext.hosting.modelserver <instance folder>`` starts the supervisor, which keeps
``workers`` processes with the model loaded; each answers framed requests (:mod:`.framing`) on a
Unix socket, one at a time. The workers run in the model's environment and load this package by
its path, so everything that they import here needs the standard library only.
"""
