"""What money may do: decisions without a database, a clock or a processor."""
