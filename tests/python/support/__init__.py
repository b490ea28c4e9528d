"""What tests are made of: data, warehouses, servers and figures worked out by hand."""
