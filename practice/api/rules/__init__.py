"""What another program may do, and how news is sent to it. Pure."""
