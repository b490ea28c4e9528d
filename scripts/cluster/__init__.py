"""Make, repair, pause and remove the Redshift cluster."""
