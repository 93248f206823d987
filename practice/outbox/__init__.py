"""What is still to be done: mail to send, jobs to run, tasks for a person.

All are rows of the transaction that caused them, so none is lost and none exists without its
cause.
"""
