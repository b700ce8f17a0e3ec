"""reckon: choose a model, price the job, run it, judge the result."""

__version__ = "0.1.0"
