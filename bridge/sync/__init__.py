"""The use cases: the only place where the rules, the store and the two clients meet.

pull: Amazon to us. push: us to Commerce, orders. confirm: shipments, Commerce to Amazon. follow: what Commerce must be
told afterwards (hold, cancel, invoice, complete). connect: which clients a store has. No remote call stands inside a
transaction.
"""
