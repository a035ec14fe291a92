"""The answers of language models as their vendors write them: bytes of a body in, text, tool calls and endings out."""
