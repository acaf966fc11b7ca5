"""Who is not real: the provider and the organisation of the synthetic bookings.

Once a minute somebody books a seat, sees it confirmed and cancels it again, so that operations
notice a broken platform before people do (`deploy/synthetic`). Every service that makes a figure,
a list or a feed leaves these two out.
"""

from uuid import UUID

PROVIDER = "synthetic"
"""The provider of the one synthetic offer."""

ORGANISATION = UUID("5e9b1c1e-0000-4000-8000-73796e746865")
"""The organisation that books it. It is registered nowhere and never a member."""
