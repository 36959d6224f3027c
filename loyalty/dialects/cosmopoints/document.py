"""How the API is published."""

import re

from loyalty.dialects.cosmopoints.problems import problem
from loyalty.kernel.api.pages import Document

document = Document(
    name="cosmopoints",
    title="Cosmopoints points exchange",
    about="Issue points in partners' programs. Trade the client's id and secret for a token at /v1/auth/token.",
    urlconf="loyalty.dialects.cosmopoints.urls",
    owns=re.compile(r"/v1/"),
    problem=problem,
)
