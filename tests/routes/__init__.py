"""The route × role matrix: one module per room, with `MATRIX = {endpoint: rule name}`."""
