"""Moving in and out: bringing over what another program kept, and taking everything away."""
