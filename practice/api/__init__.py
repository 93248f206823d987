"""The JSON API: the same services as the pages, for other programs, and news sent to them."""
