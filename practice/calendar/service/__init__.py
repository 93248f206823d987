"""Taking time, and showing it to calendar programs."""
