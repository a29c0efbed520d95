"""The Secure Token Service: what clients may get; it knows neither control nor the gateway."""
