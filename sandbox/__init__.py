"""A Stripe-compatible server for the demo and the tests. No real money moves.

It is a process of its own, spoken to over HTTP by the unchanged ``stripe`` library. Every
request and every answer is checked against Stripe's own specification (``sandbox/stripe``).
What that specification knows and this server does not model is refused by name, with 501.
Nothing in ``practice/`` imports it, and it imports nothing from there.
"""
