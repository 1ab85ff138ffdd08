"""What benchmarks/list.py is made of: the orders, the servers that it compares, and how they are measured."""
