"""Files of transfers (contract open_loyalty O10 and 1.8)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.dialects.open_loyalty import shapes
from loyalty.dialects.open_loyalty.access import GIVE
from loyalty.dialects.open_loyalty.forms import BLANK, WRONG
from loyalty.dialects.open_loyalty.problems import Refused, form_body
from loyalty.dialects.open_loyalty.views import StoreView, transfer_uuid
from loyalty.kernel.errors import NotFound
from loyalty.kernel.models import Job
from loyalty.kernel.tasks import ring_for, worker_name
from members.services.imports.answering import RowTold, find_import, import_file, tell_import


class ImportView(StoreView):
    """Points for many customers, from a file."""

    children = ("file",)
    needs = GIVE
    most_bytes = "POINTS_IMPORT_MAX_BYTES"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Whatever is uploaded goes to the disk, not into memory."""
        request._request.upload_handlers = [TemporaryFileUploadHandler(request._request)]
        super().initial(request, *args, **kwargs)

    @extend_schema(**shapes.IMPORT)
    def post(self, request: Request, store: str) -> Response:
        """Book the rows of an XML file, each by itself; a long file by a job. The same file is booked once."""
        sent = request.data.get("file[file]") if isinstance(request.data, dict) else None
        if not isinstance(sent, UploadedFile):
            raise Refused(400, form_body(self.children, {"file": [WRONG if sent else BLANK]}))
        job = import_file(
            organization_id=self.store.organization_id,
            account_id=self.store.account_id,
            source=sent,
            name=_name(sent.name),
            file_format="xml",
            actor=self.visitor.actor,
            at=self.at,
            worker=worker_name(),
            most_rows=settings.POINTS_IMPORT_SYNC_ROWS,
        )
        if job.state == Job.State.DONE:
            return Response(told(job))
        ring_for(job.pk)
        url = f"{settings.PUBLIC_URL}/api/{self.store.code}/points/transfer/import/{job.pk}"
        return Response({"jobId": job.pk, "url": url}, 202)


class ImportJobView(StoreView):
    """A file that is booked by a job."""

    needs = GIVE

    @extend_schema(**shapes.IMPORT_JOB)
    def get(self, request: Request, store: str, job: int) -> Response:
        """How far it is, and what became of its rows so far."""
        found = find_import(organization_id=self.store.organization_id, account_id=self.store.account_id, job_id=job)
        if found is None:
            raise NotFound("There is no such import.")
        return Response({"jobId": found.pk, "state": found.state, "totalRows": found.progress_total, **told(found)})


def told(job: Job) -> dict[str, Any]:
    """What became of a file's rows."""
    found = tell_import(job=job)
    body: dict[str, Any] = {
        "items": [_item(row) for row in found.rows],
        "totalProcessed": found.processed,
        "totalSuccess": found.succeeded,
        "totalFailed": found.failed,
    }
    if found.is_cut:
        body["itemsTruncated"] = True
    return body


def _item(row: RowTold) -> dict[str, Any]:
    if row.transaction_id is None:
        return {"status": "error", "message": row.message, "identifier": row.identifier}
    made = {"pointsTransferId": transfer_uuid(row.transaction_id)}
    return {"status": "success", "processImportResult": {"object": made}, "identifier": row.identifier}


def _name(text: str | None) -> str:
    """What the client calls the file, as far as it can be a name."""
    return (text or "").rpartition("/")[2].rpartition("\\")[2].replace("\x00", "")[-100:] or "points.xml"
