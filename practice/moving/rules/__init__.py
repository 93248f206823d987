"""Reading other people's files: pure, and suspicious."""
