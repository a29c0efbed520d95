"""Where state lives: the port that says what may be asked, and its SQL implementation."""
