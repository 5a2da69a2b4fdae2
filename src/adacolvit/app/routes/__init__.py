"""What the server answers, by subject; each file makes the routes of one, around the studio."""
