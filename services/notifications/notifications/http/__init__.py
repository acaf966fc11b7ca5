"""The doors of this service, one file per thing."""
