"""Slides with a voice: what turns a slides.toml into a narrated, moving video with captions."""
