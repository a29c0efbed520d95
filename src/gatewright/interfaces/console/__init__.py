"""The pages that people see in a browser: portal and console, rendered here, without script."""
