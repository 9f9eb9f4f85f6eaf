"""python -m scripts.demo: load the demo into this machine's instance, if it is not there yet."""

from __future__ import annotations

import sys

from app import create_app
from scripts import demo

if __name__ == "__main__":
    sys.exit(0 if demo.ensure(create_app()) else 1)
