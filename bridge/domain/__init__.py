"""The rules of an order's life. Pure: standard library only, no clock, no I/O."""
