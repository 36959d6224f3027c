"""The ground every app stands on: organizations, operators, credentials, audit, jobs, and what every door shares."""
