"""Pages about several rooms: home, catalogue, course page, navigation."""
