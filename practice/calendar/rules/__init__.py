"""The rules of time, all pure: no database, no clock, no network."""
