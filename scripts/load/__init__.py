"""Load the source files into staging, each file once and in one transaction."""
