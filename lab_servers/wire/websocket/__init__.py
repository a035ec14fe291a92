"""WebSocket (RFC 6455) with permessage-deflate (RFC 7692): the handshake's rules, frames and messages.

``stream.py`` finds frames and ``handshake.py`` judges heads; ``wire/conversation.py`` uses both.
"""
