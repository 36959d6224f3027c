"""UUIDs that stand for the numbers of rows lead back to them, and to nothing else."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from loyalty.kernel.numbered import number_of, uuid_of

numbers = st.integers(0, 2**62 - 1)


@given(numbers)
def test_a_uuid_leads_back_to_its_row_and_is_none_of_another_kind(number: int) -> None:
    made = uuid_of("transaction", number)
    assert number_of("transaction", made) == number
    assert number_of("lot", made) is None
    assert (made.version, made.variant) == (5, uuid.RFC_4122)
    assert uuid.UUID(str(made)) == made


@given(st.uuids())
def test_any_other_uuid_is_no_row(other: uuid.UUID) -> None:
    assert number_of("transaction", other) is None


def test_uuids_stay_what_they_were() -> None:
    # Clients keep them: the same row has the same one in every release.
    assert str(uuid_of("transaction", 1)) == "dc65b334-d1d2-5d14-8000-000000000001"
