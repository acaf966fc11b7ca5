"""Seats and enrolments: who asked for which run, who has a seat, who stands in the line."""
