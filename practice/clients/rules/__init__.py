"""What papers are, and how long they hold."""
