"""The operations: who calls, programs, transactions, connections (contract cosmopoints C2 to C14)."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.dialects.cosmopoints import rendering, shapes
from loyalty.dialects.cosmopoints.reading import TRANSACTION, read_number, read_program, read_span
from loyalty.dialects.cosmopoints.views import ExchangeView, destination_of
from loyalty.kernel.errors import InvalidInput
from loyalty.kernel.tasks import ring_for
from partners.selectors import (
    PROGRAM,
    connection_history,
    connections_of_user,
    exchanges_between,
    get_exchange,
    get_offered_program,
    offered_programs,
)
from partners.services import Order, connect, issue_points, preview_issue, validate_destination


class ProfileView(ExchangeView):
    """Who calls."""

    @extend_schema(
        operation_id="getProfile", tags=["Business info"], responses={200: shapes.Profile, **shapes.refusals()}
    )
    def get(self, request: Request) -> Response:
        """The company behind the client (C2)."""
        return Response(rendering.written_client(self.client))


class ProgramsView(ExchangeView):
    """The programs a client may issue in."""

    @extend_schema(
        operation_id="getPrograms",
        tags=["Programs"],
        responses={200: shapes.Program(many=True), **shapes.refusals()},
    )
    def get(self, request: Request) -> Response:
        """All of them, with what a point costs (C3)."""
        currency = self.client.partner.currency
        found = offered_programs(self.client).order_by("pk")
        return Response([rendering.written_program(program, currency) for program in found])


class ProgramFieldsView(ExchangeView):
    """What a program wants to know."""

    @extend_schema(
        operation_id="getProgramFields",
        tags=["Programs"],
        responses={200: shapes.ProgramField(many=True), **shapes.refusals(404)},
    )
    def get(self, request: Request, programId: str) -> Response:
        """What has to, and what can, be said of a destination (C4)."""
        return Response(rendering.written_fields(get_offered_program(self.client, read_number(PROGRAM, programId))))


class ValidateView(ExchangeView):
    """Whether somebody is a member."""

    only_asks = True

    @extend_schema(
        operation_id="validateUser",
        tags=["Programs"],
        request=shapes.DestinationAccount,
        responses={200: shapes.Validity, **shapes.refusals(400, 404, 503)},
    )
    def post(self, request: Request, programId: str) -> Response:
        """Whether a user is a valid member of the program (C5)."""
        is_valid = validate_destination(
            client=self.client,
            program_id=read_number(PROGRAM, programId),
            destination=destination_of(self.read_body(shapes.DestinationAccount)),
            is_sandbox=self.is_sandbox,
            at=self.at,
        )
        return Response({"isValid": is_valid})


class PreviewView(ExchangeView):
    """What a value would buy."""

    only_asks = True

    @extend_schema(
        operation_id="previewPoints",
        tags=["Transactions"],
        request=shapes.Preview,
        responses={200: shapes.Previewed, **shapes.refusals(400, 404)},
    )
    def post(self, request: Request) -> Response:
        """The points a value buys now (C6): the same an issue would issue."""
        said = self.read_body(shapes.Preview)
        program_id = read_number(PROGRAM, said["program_id"])
        quoted = preview_issue(client=self.client, program_id=program_id, value=said["value"])
        return Response({"totalPoints": quoted.points})


class IssuingView(ExchangeView):
    """What issues."""

    def issue(self, said: dict[str, Any]) -> Response:
        """Issue once for each reference number: a repeat is answered as the first was."""
        order = Order(
            program_id=read_number(PROGRAM, said["program_id"]),
            value=said["value"],
            destination=destination_of(said["destination_account"]),
            reference_number=said["reference_number"],
            description=said.get("description") or "",
            original_program_id=said.get("original_program_id") or "",
        )
        issued = issue_points(client=self.client, is_sandbox=self.is_sandbox, order=order, actor=self.actor, at=self.at)
        if issued.job_id is not None:
            ring_for(issued.job_id)
        return Response(rendering.written_issue(issued.exchange), 201)


class TransactionsView(IssuingView):
    """The transactions of a client, and one more."""

    @extend_schema(
        operation_id="getTransactions",
        tags=["Transactions"],
        parameters=[*shapes.span(required=True), shapes.PROGRAM_ID],
        responses={200: shapes.TransactionPage, **shapes.refusals(400, 404)},
    )
    def get(self, request: Request) -> Response:
        """Those of an interval, newest first (C8)."""
        query = self.query
        start, end = read_span(query, required=True)
        if start is None or end is None:
            raise InvalidInput("startDate and endDate are required.", field="startDate")
        program_id = read_program(query)
        found = exchanges_between(self.client, start, end, is_sandbox=self.is_sandbox, program_id=program_id)
        return self.answer_page(found, rendering.written_transaction)

    @extend_schema(
        operation_id="issuePoints",
        tags=["Transactions"],
        request=shapes.Issue,
        responses={201: shapes.Issued, **shapes.refusals(400, 402, 404, 409, 422)},
    )
    def post(self, request: Request) -> Response:
        """Issue points in a program (C7)."""
        return self.issue(self.read_body(shapes.Issue))


class ExchangesView(IssuingView):
    """Points for points."""

    @extend_schema(
        operation_id="exchangePoints",
        tags=["Transactions"],
        request=shapes.ExchangeIssue,
        responses={201: shapes.Issued, **shapes.refusals(400, 402, 404, 409, 422)},
    )
    def post(self, request: Request) -> Response:
        """Issue points in a program for those of another, which the caller names in its own words (C13)."""
        return self.issue(self.read_body(shapes.ExchangeIssue))


class TransactionView(ExchangeView):
    """One transaction."""

    @extend_schema(
        operation_id="getTransaction",
        tags=["Transactions"],
        responses={200: shapes.SingleTransaction, **shapes.refusals(404)},
    )
    def get(self, request: Request, transactionId: str) -> Response:
        """The transaction with this id, or the one the caller issued with this reference number (C9)."""
        number = read_number(TRANSACTION, transactionId)
        found = get_exchange(self.client, number=number, reference_number=transactionId, is_sandbox=self.is_sandbox)
        return Response(rendering.written_single(found))


class ConnectionsView(ExchangeView):
    """The connections of a client's user, and one more."""

    @extend_schema(
        operation_id="getConnections",
        tags=["Connections"],
        parameters=[shapes.query("sourceUserId", "The caller's own id of the user.", required=True), shapes.PROGRAM_ID],
        responses={200: shapes.ConnectionItem(many=True), **shapes.refusals(400, 404)},
    )
    def get(self, request: Request) -> Response:
        """Who the user is in programs (C10)."""
        query = self.query
        user = query.get("sourceUserId", "")
        if not user:
            raise InvalidInput("sourceUserId is required.", field="sourceUserId")
        program_id = read_program(query)
        found = connections_of_user(self.client, user, is_sandbox=self.is_sandbox, program_id=program_id)
        return Response([rendering.written_connection(connection) for connection in found])

    @extend_schema(
        operation_id="saveConnection",
        tags=["Connections"],
        request=shapes.NewConnection,
        responses={200: shapes.SavedConnection, **shapes.refusals(400, 404)},
    )
    def post(self, request: Request) -> Response:
        """Make a connection, or change it (C11)."""
        said = self.read_body(shapes.NewConnection)
        connection, _ = connect(
            client=self.client,
            is_sandbox=self.is_sandbox,
            program_id=read_number(PROGRAM, said["program_id"]),
            source_user_id=said["source_user_id"],
            source_user_email=said.get("source_user_email") or "",
            destination=destination_of(said["destination_account"]),
            at=self.at,
        )
        return Response(rendering.written_new_connection(connection))


class ConnectionHistoryView(ExchangeView):
    """What happened to connections."""

    @extend_schema(
        operation_id="getConnectionHistory",
        tags=["Connections"],
        parameters=shapes.span(required=False),
        responses={200: shapes.ConnectionPage, **shapes.refusals(400)},
    )
    def get(self, request: Request) -> Response:
        """All of it, or that of an interval, newest first (C12)."""
        start, end = read_span(self.query, required=False)
        found = connection_history(self.client, start, end, is_sandbox=self.is_sandbox)
        return self.answer_page(found, rendering.written_event)


class CurrenciesView(ExchangeView):
    """Currencies."""

    @extend_schema(
        operation_id="getCurrencies",
        tags=["Programs"],
        responses={200: shapes.CURRENCIES, **shapes.refusals()},
    )
    def get(self, request: Request) -> Response:
        """Those of the programs the client may issue in, and its own (C14)."""
        found = set(offered_programs(self.client).values_list("partner__currency", flat=True))
        return Response(sorted(found | {self.client.partner.currency}))
