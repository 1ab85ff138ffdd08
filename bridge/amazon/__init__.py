"""Amazon's Selling Partner API: what the bridge asks of it, and what it makes of the answers."""
