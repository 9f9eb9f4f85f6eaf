"""Practice for members: a little every day, what went wrong before, and games with others."""
