"""Who asks: fixed references, so that an input that was kept means the same in the next run."""

from __future__ import annotations

from uuid import UUID, uuid5

SPACE = UUID("5f0c8f1e-6b0e-4c39-9d59-0f2b6f1f7a11")
ME, OTHER = uuid5(SPACE, "me"), uuid5(SPACE, "other")
ORG, OTHER_ORG = uuid5(SPACE, "org"), uuid5(SPACE, "other-org")
PROVIDER = "hochschule-rhein-neckar"

SECRET_NAME = "Kanarienvogel-Geheim"
SECRET_MAIL = "kanarienvogel.geheim@rathaus.example"
"""Personal data of somebody who is stored: no error and no log may ever show it."""
