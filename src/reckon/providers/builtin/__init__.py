"""builtin/describe: what can be said of a picture or a text without a language model."""
