"""Wire protocols, one package each: they translate and decide nothing; none knows another."""
