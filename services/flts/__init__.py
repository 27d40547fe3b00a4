"""The FLTS workloads: preprocess, training, evaluator and inference."""
