"""How the API is published."""

import re

from loyalty.dialects.engage.problems import engage_problem
from loyalty.kernel.api.pages import Document

document = Document(
    name="engage",
    title="Voyado Engage points API v3",
    about="Point accounts and transactions of contacts. Send the key in the apikey header.",
    urlconf="loyalty.dialects.engage.urls",
    owns=re.compile(r"/api/v[23]/"),
    problem=engage_problem,
)
