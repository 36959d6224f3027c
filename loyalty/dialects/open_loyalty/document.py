"""How the API is published."""

import re

from loyalty.dialects.open_loyalty.problems import problem
from loyalty.kernel.api.pages import Document

document = Document(
    name="open-loyalty",
    title="Open Loyalty points transfers",
    about="Points transfers of a store. Sign in at /api/admin/login_check, or send X-AUTH-TOKEN.",
    urlconf="loyalty.dialects.open_loyalty.urls",
    owns=re.compile(r"/api/"),
    problem=problem,
)
