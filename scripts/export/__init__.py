"""Export the marts to a folder of files, complete or not at all."""
