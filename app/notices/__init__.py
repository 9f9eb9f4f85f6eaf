"""Notices: what a member is told, in the pages, by e-mail and on the lock screen."""
