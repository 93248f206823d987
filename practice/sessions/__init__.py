"""The treatment itself: services, sessions, what must hold before them, and booking them."""
