"""The floor that every room stands on. It knows no room."""
