"""Requests to addresses that people gave us: what may be called, and how a webhook's receiver is."""
