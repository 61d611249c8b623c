"""Real clusters on loopback: the demo and the cluster tests start, watch and end them with this."""
