"""Pure decisions about sessions. No database, no clock, no web."""
