"""The fields of a posted form: text that can be shown, and files where a page takes one.

A browser sends forms of ours in UTF-8. Whatever names another encoding, or holds what no encoding
can write, was made by somebody else.
"""

from __future__ import annotations

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

FILE = "datei"
"""The one field that may hold a file: one in place of a text would be taken for its description."""


async def read(request: Request) -> FormData:
    """The form of a request.

    Raises:
        HTTPException: 400, it cannot be read.
    """
    try:
        form = await request.form()
        fields = []
        for name, value in form.multi_items():
            if isinstance(value, str) or name == FILE:
                fields.append((name, value))
            else:
                await value.close()
        for name, value in fields:
            f"{name}{_text(value)}".encode()
    except UnicodeError:
        raise HTTPException(400) from None
    return FormData(fields)


def _text(value: str | UploadFile) -> str:
    return value if isinstance(value, str) else value.filename or ""
