"""The entry points: `gunicorn wsgi:app` serves pages, `huey_consumer wsgi.huey` does the work."""

from app import create_app

app = create_app()
huey = app.extensions["huey"]
