"""The entry points: `gunicorn wsgi:app` serves pages, `huey_consumer wsgi.huey` does the work."""

import sys

from app import create_app
from config import BadSetting

try:
    app = create_app()
except BadSetting as error:
    sys.exit(f"Weike cannot start: {error}")
huey = app.extensions["huey"]
