"""Takes in web feedback, surveys, participation returns and reported figures."""
