"""Reading OpenAPI documents into definitions; pure, and knowing neither store nor network."""
