"""The insights page: what it asks, how it says and draws the answers."""
