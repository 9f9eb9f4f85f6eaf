"""Uploaded recordings and pictures, and what ffmpeg makes of them."""
