"""From quantities to coal equivalent and carbon: a pure kernel, its Decimal oracle, and the factor library."""
