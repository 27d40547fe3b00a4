"""CSV in the dataset bucket to scaled Parquet, and the claims that tell the trainers about it."""
