"""The Amazon order bridge for Adobe Commerce."""
