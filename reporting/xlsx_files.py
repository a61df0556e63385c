"""A workbook as a download."""

import tempfile

from django.http import FileResponse

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def response(file_name, write):
    """What `write` puts into the file that it is given goes with the answer, whatever its size."""
    target = tempfile.TemporaryFile()  # noqa: SIM115, the answer closes it
    write(target)
    target.seek(0)
    return FileResponse(target, as_attachment=True, filename=file_name, content_type=CONTENT_TYPE)
