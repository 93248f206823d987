"""Booking, moving and cancelling sessions, and the day on which they happen."""
