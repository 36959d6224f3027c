"""How the API is published."""

import re

from loyalty.dialects.coggins.problems import problem
from loyalty.kernel.api.pages import Document

document = Document(
    name="coggins",
    title="Coggins Store point claims",
    about="Points to claim, look up and edit. The key is a GUID, in the query, the path or a header.",
    urlconf="loyalty.dialects.coggins.urls",
    owns=re.compile(r"/api/v1/points(?:/|$)"),
    problem=problem,
)
