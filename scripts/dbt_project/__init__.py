"""dbt in this process: its profile, its errors, and which builds passed their tests."""
