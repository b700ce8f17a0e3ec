"""Does a model run on a machine: its weights, its cache, its buffers, the verdict, the speed."""
