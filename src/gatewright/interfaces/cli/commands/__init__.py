"""The commands, one file per noun; `app` gives them their names."""
