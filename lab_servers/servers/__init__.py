"""The servers that learners read: http, polling, sse and websocket, a file each; llm, a model; and what they share."""
