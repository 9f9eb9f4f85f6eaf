"""What there is to learn: themes, micro-courses, lessons."""
