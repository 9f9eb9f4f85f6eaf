"""One full-text index over everything that readers may see."""
