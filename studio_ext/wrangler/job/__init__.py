"""A flow as SageMaker's Data Wrangler container runs it: the program of a processing job.

``python -m studio_ext.wrangler.job --output-config '{...}' --refit-trained-params '{...}'``; what
else the container is told stands in ``/opt/ml/config/processingjobconfig.json``.
"""
