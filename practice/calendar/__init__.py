"""Time: who and what is free, claims that the database guards, calendars out."""
