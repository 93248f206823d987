"""Reading calendars that other programs write: which times of them are busy.

Only what tells that is read, by lines of our own: a foreign file may be large, broken or hostile,
and a library that builds all of it first has been held up already. What is written is `ics`.
"""
