"""Members help each other: questions and answers below a lesson."""
