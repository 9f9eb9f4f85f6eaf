"""What a member has watched and finished."""
