"""Who: practices, staff and their roles, clients as persons who are reached and who pay."""
