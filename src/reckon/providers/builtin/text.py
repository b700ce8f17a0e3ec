"""An extractive answer: the sentences of a text that say most, in their own words."""

import re
from collections import Counter

SIGNATURE = "Sentences picked from the text by builtin/describe, which is not a language model."
NOTHING = (
    "builtin/describe is not a language model: it describes pictures, and picks sentences from a "
    "text. There was no text here to pick from."
)
MOST_SENTENCES = 3
LONGEST = 20_000
"""Sentences after so many characters are not read: the time must stay bounded."""

_STOP_WORDS = frozenset(
    """
    a about after all also an and any are as at be because been before but by can could did do
    does for from had has have he her his how i if in into is it its just may me more most my
    no not of on one only or other our out over please she should so some such than that the
    their them then there these they this those to up us was we were what when where which who
    whom whose why will with would you your
    """.split()
)
_REQUEST = re.compile(
    r"(?i)^(please\s+)?(summari[sz]e|describe|explain|list|answer|tell|extract|classify|find|give|"
    r"write|read|translate|what|who|when|where|why|how|which|can|could|is|are|does|did)\b"
)
# An end mark, perhaps a closing quote, then space and a capital, digit or quote; or CJK's own.
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[^\W_a-z])|(?<=[。！？])|\n+")
_NO_END = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|No|vs|etc|e\.g|i\.e|cf|approx)|\b[A-Z])\.$")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def answer(prompt: str) -> str:
    """The sentences of a prompt's material that fit its request best, and who picked them."""
    request, material = split_request(prompt)
    return summarise(material, question=request)


def summarise(text: str, *, question: str = "") -> str:
    """At most three sentences of `text`, in its order, with the signature.

    A sentence scores by how often its words occur in the whole text and, more, by the words it
    shares with the question (those that few sentences have count most).
    """
    sentences = split_sentences(text[:LONGEST])
    if not sentences:
        return NOTHING
    best = sorted(_best(sentences, question))
    return f"{' '.join(sentences[index] for index in best)}\n\n{SIGNATURE}"


def split_request(prompt: str) -> tuple[str, str]:
    """What is asked, and the text it is asked about; one of them may be empty."""
    prompt = prompt.strip()
    head, colon, rest = prompt.partition(":")
    if colon and rest.strip() and len(head) <= 120 and "\n" not in head and _REQUEST.match(head):
        return head, rest.strip()
    sentences = split_sentences(prompt)
    if not sentences:
        return "", ""
    for request in (sentences[0], sentences[-1]):
        if _REQUEST.match(request) or request.endswith("?"):
            material = prompt.replace(request, "", 1).strip()
            return request, material
    return "", prompt


def split_sentences(text: str) -> list[str]:
    """Sentences and lines, without splitting after initials and common abbreviations."""
    sentences: list[str] = []
    for split in _SENTENCE_END.split(text):
        piece = split.strip() if split else ""
        if sentences and _NO_END.search(sentences[-1]) and piece:
            sentences[-1] = f"{sentences[-1]} {piece}"
        elif piece:
            sentences.append(piece)
    return sentences


def _words(text: str) -> list[str]:
    """Lower-case words that carry meaning, plurals folded."""
    words = (word.lower() for word in _WORD.findall(text))
    return [
        word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
        for word in words
        if word not in _STOP_WORDS
    ]


def _best(sentences: list[str], question: str) -> list[int]:
    """Indices of the sentences to show, best first."""
    bags = [set(_words(sentence)) for sentence in sentences]
    everywhere = Counter(word for sentence in sentences for word in _words(sentence))
    spread = Counter(word for bag in bags for word in bag)
    asked = set(_words(question))

    def score(index: int) -> float:
        bag = bags[index]
        if not bag:
            return 0.0
        weight = sum(everywhere[word] for word in bag) / (len(bag) + 3)
        shared = sum(len(sentences) / spread[word] for word in bag & asked)
        # News and letters say the main thing first.
        return weight + shared + (0.5 if index == 0 else 0.0)

    ranked = sorted(range(len(sentences)), key=lambda index: (-score(index), index))
    if asked & set().union(*bags):
        # The question names something: what does not speak of it is no answer.
        ranked = [index for index in ranked if bags[index] & asked]
    return ranked[: min(MOST_SENTENCES, max(1, len(sentences) // 2))]
