"""Papers, attempts and marks."""
