"""The ledger: what members earned, and why."""
