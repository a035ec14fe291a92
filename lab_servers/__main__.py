"""``python -m lab_servers``: hands over to the command line (``cli/``)."""

import sys

from lab_servers.cli import main

if __name__ == "__main__":
    sys.exit(main())
