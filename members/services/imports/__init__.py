"""Imports files of points: each row once, good rows kept, bad rows told, from wherever a killed import stopped."""

from members.services.imports.preview import Preview, preview_import
from members.services.imports.reading import FORMATS, format_of
from members.services.imports.running import KIND, ImportResult, run_import, start_import
from members.services.imports.survey import Survey, survey_file
from members.services.imports.uploads import Upload, drop_upload, find_upload, keep_upload, sweep_uploads

__all__ = [
    "FORMATS",
    "KIND",
    "ImportResult",
    "Preview",
    "Survey",
    "Upload",
    "drop_upload",
    "find_upload",
    "format_of",
    "keep_upload",
    "preview_import",
    "run_import",
    "start_import",
    "survey_file",
    "sweep_uploads",
]
