"""The web application: pages and a JSON API over `fingerspell`."""
