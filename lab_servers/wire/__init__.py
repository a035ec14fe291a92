"""Pure dissectors: bytes in, what they mean out. Standard library only; no input or output, no clock, no event loop."""
