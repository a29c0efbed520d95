"""Who may do what: one pure table of actions and roles, which knows neither store nor request."""
