"""What the warehouse costs, beside other ways to make the same tables."""
