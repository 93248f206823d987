"""Who did what to whom, and when: append-only, a row of the same transaction as the deed."""
