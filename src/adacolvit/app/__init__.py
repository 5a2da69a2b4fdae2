"""The app: a local server, and the built front end it serves."""
