"""Rare shapes of Anthropic's messages, and what may not go out as it came."""

import json

import pytest

from reckon.errors import UnsupportedInput
from reckon.providers.anthropic.wire import AnthropicMessages
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Attachment, Media, MediaLink, Message, Prompt, Reasoning, Text

WIRE = AnthropicMessages()
MODEL = Model(id="claude-x", provider="p", organization="o")
PROVIDER = Provider(id="p", name="Provider", wire="anthropic")
PICTURE = Attachment(media_type="image/png", modality="image", content=b"\x89PNG", digest="d")


@pytest.mark.parametrize(
    "picture",
    [Media(PICTURE), MediaLink("https://a.example/a.png", "image")],
    ids=["bytes", "link"],
)
def test_a_picture_that_a_model_made_is_refused_in_its_turn(picture: Media | MediaLink) -> None:
    """Another provider's; Anthropic answers such a turn with an error."""
    turns = (
        Message(role="user", parts=(Text("draw"),)),
        Message(role="assistant", parts=(Text("There."), picture)),
        Message(role="user", parts=(Text("what is it?"),)),
    )
    with pytest.raises(UnsupportedInput) as refused:
        WIRE.encode(
            Prompt(messages=turns), MODEL, PROVIDER, base_url="http://x", key=None, stream=False
        )
    assert refused.value.what == "Media in the assistant's turn cannot be sent."
    assert "turns of the user alone" in refused.value.why
    assert refused.value.do == "Put it into a turn of the user."


def test_a_turn_in_which_the_model_said_nothing_stays_out() -> None:
    """Or in which nothing is left but another provider's thoughts: the format refuses it."""
    turns = (
        Message(role="user", parts=(Text("ready?"),)),
        Message(role="assistant", parts=()),
        Message(role="user", parts=(Text("go"),)),
        Message(role="assistant", parts=(Reasoning("hm", sealed_by="gemini"),)),
        Message(role="user", parts=(Text("on"),)),
    )
    call = WIRE.encode(
        Prompt(messages=turns), MODEL, PROVIDER, base_url="http://x", key=None, stream=False
    )
    words = [{"type": "text", "text": text} for text in ("ready?", "go", "on")]
    assert json.loads(call.body)["messages"] == [{"role": "user", "content": words}]
