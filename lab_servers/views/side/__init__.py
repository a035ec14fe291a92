"""The pictures of a comparison: the same messages on several lanes, each with a computed sentence and a table."""
