"""A practice's own words in its mails, and what became of every mail."""
