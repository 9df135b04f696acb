"""Data Wrangler on the API: flows described, previewed, profiled and fitted.

Nothing of a flow runs in the control plane: each user profile's flow has a warm process of its own
(:mod:`studio_ext.flows.worker`), which asks the control plane where its sources lie.
"""
