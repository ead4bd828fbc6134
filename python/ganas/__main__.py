"""``python -m ganas`` is the command ``ganas``."""

import sys

from ganas._command import main

sys.exit(main())
