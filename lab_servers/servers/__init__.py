"""The servers that learners read: http, polling, sse and websocket, one file each, and the small helpers they share."""
