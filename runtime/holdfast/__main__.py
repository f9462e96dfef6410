"""`python -m holdfast`: the console script, where its folder is not on the path."""

import sys

from holdfast.cli import main

sys.exit(main())
