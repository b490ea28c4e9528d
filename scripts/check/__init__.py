"""What only a real cluster can say, asked by one command."""
