"""Entry point of the locust image's load tests: copied to /app/main.py and run as `python main.py`."""

import sys

from flts.load_test.cli import main

if __name__ == "__main__":
    sys.exit(main())
