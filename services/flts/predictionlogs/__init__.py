"""What becomes of prediction logs after inference has written them."""
