"""`python -m gen3d` is the command `gen3d`."""

import sys

from gen3d.cli import main

sys.exit(main())
