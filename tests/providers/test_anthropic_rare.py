"""Rare shapes of Anthropic's messages, and what may not go out as it came."""

import pytest

from reckon.errors import UnsupportedInput
from reckon.providers.anthropic.wire import AnthropicMessages
from reckon.vocabulary.model import Model, Provider
from reckon.vocabulary.prompt import Attachment, Media, MediaLink, Message, Prompt, Text

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
