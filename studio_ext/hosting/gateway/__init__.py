"""The invocation gateway: a process of its own between clients and model workers.

It speaks SageMaker Runtime, checks signatures, chooses a variant by weight and hands each request
to an idle worker over a Unix socket. Its routes come from the store; while the store cannot be
read it goes on with the last ones.
"""
