"""Points: an append-only ledger, who earned what and why, and the leaderboards made from it."""
