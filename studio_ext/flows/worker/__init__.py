"""The process that works on one flow: it has the engine loaded, and answers over one socket."""
