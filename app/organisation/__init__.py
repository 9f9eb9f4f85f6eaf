"""The organizer's desk: what branches and members have done, and tables to take away."""
