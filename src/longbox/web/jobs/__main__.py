"""`python -m longbox.web.jobs`: the process of one job; the server starts it."""

import sys

from longbox.web.jobs.child import main

if __name__ == "__main__":
    sys.exit(main())
