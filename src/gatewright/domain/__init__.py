"""The nouns of API management and their rules; pure, and knowing no other room."""
