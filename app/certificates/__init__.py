"""Certificates: what members have earned, on paper, on a public page and as a signed badge."""
