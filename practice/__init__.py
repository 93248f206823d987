"""Sanctuary: booking and practice management. Importing a rule must not import the application."""
