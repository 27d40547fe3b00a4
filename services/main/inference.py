"""Entry point of the inference image: copied to /app/main.py and run as `python main.py`."""

import sys

from flts.inference.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
