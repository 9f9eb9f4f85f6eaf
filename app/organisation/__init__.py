"""The organizer's desk: who finished what."""
