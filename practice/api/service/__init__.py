"""Tokens, answers that are given once, and news on its way. Call inside ``transaction()``."""
