"""Real clusters on loopback: the demo and the cluster tests start, watch and stop them with this."""
