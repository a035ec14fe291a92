"""A model that knows nothing and answers all the same: one source of tokens, in the dialects of the field.

``timeline.py`` says which token comes when, ``run.py`` lets it happen, ``model.py`` keeps what it made, ``runs.py`` and
``websocket.py`` carry it in our own ways, and one file for each vendor's dialect carries it in theirs; ``app.py`` puts
all of them onto one port.
"""
