"""Entry point of the evaluator image: copied to /app/main.py and run as `python main.py`."""

import sys

from flts.evaluator.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
