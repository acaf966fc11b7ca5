"""The portal as people see it: a real browser, through the gateway, on the whole platform."""
