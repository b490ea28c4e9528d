"""What several files of this folder share."""

import pytest
from support.redshift_delivery import Delivery
from support.redshift_warehouse import RedshiftWarehouse


@pytest.fixture
def delivery(cluster: RedshiftWarehouse) -> Delivery:
    """A loaded warehouse, and files to come."""
    return Delivery(cluster)
