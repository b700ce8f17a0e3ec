"""The gateway's side of the Responses format."""

from reckon.errors import ReckonError
from reckon.providers.openai_chat.gateway_answer import encode_error
from reckon.providers.openai_responses.gateway_answer import StreamEncoder, encode_answer
from reckon.providers.openai_responses.gateway_request import read_request
from reckon.vocabulary.call import AnswerHead, Request
from reckon.vocabulary.response import Response


class ResponsesGateway:
    """Reads requests in the Responses format and writes their answers."""

    def decode(self, body: bytes) -> Request:
        """What a client asks."""
        return read_request(body)

    def encode(self, response: Response, head: AnswerHead) -> bytes:
        """A whole answer."""
        return encode_answer(response, head)

    def encoder(self, head: AnswerHead, *, usage: bool) -> StreamEncoder:
        """An encoder for one streamed answer."""
        return StreamEncoder(head)

    def error(self, error: ReckonError) -> tuple[int, bytes]:
        """HTTP status and body that tell a client of an error."""
        return encode_error(error)
