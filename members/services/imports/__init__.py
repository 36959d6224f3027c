"""Imports files of points: each row once, good rows kept, bad rows told, from wherever a killed import stopped."""

from members.services.imports.preview import Preview, preview_import
from members.services.imports.reading import FORMATS, format_of
from members.services.imports.running import KIND, ImportResult, run_import, start_import
from members.services.imports.survey import Survey, survey_file

__all__ = [
    "FORMATS",
    "KIND",
    "ImportResult",
    "Preview",
    "Survey",
    "format_of",
    "preview_import",
    "run_import",
    "start_import",
    "survey_file",
]
