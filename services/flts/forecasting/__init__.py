"""What a promoted model makes of raw rows: the same for the prediction API and in notebooks."""
