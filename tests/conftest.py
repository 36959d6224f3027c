"""What every test may use: a house with its books and its people, and clients that know who they are."""

pytest_plugins = [
    "tests.house",
    "tests.databases",
    "tests.standing",
    "tests.installation",
    "tests.skips",
    "tests.staff",
    "tests.browser",
    "tests.campaigns.receivers",
]
