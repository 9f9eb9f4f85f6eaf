"""Figures that the README quotes: ratios, measured side by side in one run."""
