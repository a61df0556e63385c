"""Journeys in a real browser: one per role, on the live server."""
