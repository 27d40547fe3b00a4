"""CSV in the dataset bucket to scaled Parquet, and the claims that announce it to the trainers."""
