"""The FLTS workloads: preprocess, training, evaluation and inference."""
